import { execFileSync, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const BIN = fileURLToPath(new URL('../../../cli/bin.js', import.meta.url));

/** Makes this Node pass for an older one, as a host's would be. */
const AGED = `data:text/javascript,Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.9.0' } })`;

describe('the launcher', () => {
  it('runs the command on a Node that is new enough', () => {
    expect(execFileSync(process.execPath, [BIN, '--version'], { encoding: 'utf8' })).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it('hands over to the pinned Node where the host has an older one, exit code and all', () => {
    const version = execFileSync(process.execPath, ['--import', AGED, BIN, '--version'], { encoding: 'utf8' });
    expect(version).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect(spawnSync(process.execPath, ['--import', AGED, BIN, 'sign', 'nothing.json']).status).toBe(2);
  });
});
