import { describe, expect, it, vi } from 'vitest';
import { detectCommit, detectEnvironment, detectRunId } from '../../../cli/detect.ts';
import { UsageError } from '../../../cli/errors.ts';
import { RunIdSchema } from '../../../lib/core/manifest.ts';

const NOW = new Date('2026-02-21T12:34:56Z');

describe('the run', () => {
  it('is the one that was given, else the one that the pipeline names', () => {
    expect(detectRunId('mine', { GITHUB_RUN_ID: '17' }, NOW)).toBe('mine');
    expect(detectRunId(undefined, { COUNTERSIGN_RUN_ID: 'r-1', GITHUB_RUN_ID: '17' }, NOW)).toBe('r-1');
    expect(detectRunId(undefined, { COUNTERSIGN_RUN_ID: '', CI_PIPELINE_ID: '99' }, NOW)).toBe('99');
  });

  it('is made up where nobody names it, each time another', () => {
    const [one, other] = [detectRunId(undefined, {}, NOW), detectRunId(undefined, {}, NOW)];
    expect(one).toMatch(/^run-20260221T123456-[0-9a-f]{8}$/);
    expect(RunIdSchema.safeParse(one).success).toBe(true);
    expect(one).not.toBe(other);
  });
});

describe('the commit', () => {
  it('is the one that was given', async () => {
    expect(await detectCommit('c0ffee0', { GITHUB_SHA: 'deadbee' }, () => {})).toBe('c0ffee0');
  });

  it('is what a variable says where there is no checkout', async () => {
    vi.stubEnv('GIT_DIR', '/no/such/repository');
    expect(await detectCommit(undefined, { CI_COMMIT_SHA: 'deadbee' }, () => {})).toBe('deadbee');
    expect(await detectCommit(undefined, {}, () => {})).toBeUndefined();
    vi.unstubAllEnvs();
  });
});

describe('the environment', () => {
  it('is the one that was given, else COUNTERSIGN_ENVIRONMENT, else left to the default', () => {
    expect(detectEnvironment('staging', { COUNTERSIGN_ENVIRONMENT: 'production' })).toBe('staging');
    expect(detectEnvironment(undefined, { COUNTERSIGN_ENVIRONMENT: 'production' })).toBe('production');
    expect(detectEnvironment(undefined, {})).toBeUndefined();
  });

  it('is one of three', () => {
    expect(() => detectEnvironment(undefined, { COUNTERSIGN_ENVIRONMENT: 'prod' })).toThrow(UsageError);
  });
});
