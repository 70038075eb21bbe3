import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bundleFunction, bundleOf } from '../../cdk/constructs/bundle.ts';
import { FUNCTION_NAMES } from '../../cdk/names.ts';
import { Env } from '../../lib/contracts/env.ts';

const folders = new Map(FUNCTION_NAMES.map((name) => [name, bundleOf(name)] as const));
const again = bundleFunction('intake');
/** What the template sets, and the Region that Lambda does. */
const ENVIRONMENT = {
  AWS_REGION: 'eu-central-1',
  [Env.STAGE]: 'dev',
  [Env.ARTIFACT_VERIFIER]: 'verifier',
  [Env.DATA_KEY_ARN]: 'arn:aws:kms:eu-central-1:123456789012:key/11111111-2222-3333-4444-666666666666',
  [Env.LEASE_SECONDS]: '518400',
  [Env.ENDPOINT_WAIT_SECONDS]: '1800',
  [Env.MAIL_CONFIGURATION_SET]: 'mails',
  [Env.MAIL_FROM]: 'countersign@example.com',
  [Env.SIGN_IN]: '{"issuer":"https://login.example.com","clientId":"countersign"}',
  [Env.PAGES_URL]: 'https://pages.example.com/',
  [Env.REMINDER_SECONDS]: '86400',
  [Env.REMINDERS]: '4',
  [Env.ESCALATE_AFTER]: '2',
  [Env.PROMOTION_MACHINE_ARN]: 'arn:aws:states:eu-central-1:123456789012:stateMachine:promote-model',
  [Env.GATE_SAMPLING]: '{"experimental":1,"staging":1}',
  [Env.EVIDENCE_BUCKET]: 'evidence',
  [Env.EVIDENCE_KEY_ARN]: 'arn:aws:kms:eu-central-1:123456789012:key/11111111-2222-3333-4444-555555555555',
  [Env.EVIDENCE_TABLE]: 'evidence',
  [Env.REGISTRY_TABLE]: 'registry',
  [Env.WORKFLOW_TABLE]: 'workflow',
  [Env.RETENTION]: '{"mode":"GOVERNANCE","days":{"experimental":1,"staging":2,"production":3}}',
  [Env.SIMULATION_MACHINE_ARN]: 'arn:aws:states:eu-central-1:123456789012:stateMachine:simulate-policy',
  [Env.SINGLE_PUT_MAX_BYTES]: '5000000000',
  [Env.SERVING_ROLE_ARN]: 'arn:aws:iam::123456789012:role/countersign-dev-serving',
  [Env.ALL_AT_ONCE_IN]: '',
  [Env.PACKAGE_GROUP_PREFIX]: 'countersign-',
  [Env.STAGING_BUCKET]: 'staging',
  [Env.UNSIGNED_STAGES]: '',
};

function contents(folder: string): readonly (readonly [string, string])[] {
  return readdirSync(folder)
    .sort()
    .map((name) => [name, readFileSync(join(folder, name), 'utf8')] as const);
}

describe.each([...folders])('the bundle of %s', (_, folder) => {
  it('is an ES module with a source map that names sources and does not carry them', () => {
    expect(existsSync(join(folder, 'index.mjs'))).toBe(true);
    const map = JSON.parse(readFileSync(join(folder, 'index.mjs.map'), 'utf8'));
    expect(map.sourcesContent).toBeUndefined();
    // Relative to where the bundle would lie in the repository, whoever builds it and wherever.
    for (const source of map.sources) expect(source).toMatch(/^\.\.\/\.\.\/\.\.\//);
  });

  // The folder lies outside the repository, so nothing in node_modules is found from there.
  it('brings everything along, the AWS SDK included, and exports a handler', () => {
    const program = `const { handler } = await import('./index.mjs'); process.stdout.write(typeof handler);`;
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
      cwd: folder,
      encoding: 'utf8',
      env: ENVIRONMENT,
    });
    expect({ stdout, stderr }).toEqual({ stdout: 'function', stderr: '' });
  });
});

it('the same sources give the same bytes', () => {
  const first = folders.get('intake');
  expect(first).toBeDefined();
  if (first !== undefined) expect(contents(again)).toEqual(contents(first));
});
