import { generateKeyPairSync } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DemoName, LocalDescription } from '../../local/description.ts';
import { Agent } from './agent.ts';
import { type Scene, short } from './scene.ts';

/** Options of `countersign keys register`: what each may state. None of them may state what another does. */
const AUTHORITY = {
  'training-pipeline': [
    ...['--role', 'producer', '--stage', 'ingest', '--stage', 'preprocess', '--stage', 'training'],
    ...['--predicate', 'manifest', '--predicate', 'slsa-provenance'],
  ],
  'evaluation-pipeline': [
    ...['--role', 'evaluator', '--stage', 'evaluation', '--stage', 'registration'],
    ...['--predicate', 'manifest', '--predicate', 'test-result', '--predicate', 'cyclonedx'],
  ],
  'privacy-officer': [
    ...['--role', 'privacy-officer', '--predicate', 'scai'],
    ...['--attribute', 'DATASET_CONSENT', '--attribute', 'PRIVACY_REVIEWED'],
  ],
  'model-owner': ['--role', 'model-owner', '--predicate', 'scai', '--attribute', 'EVALUATION_THRESHOLDS'],
  platform: [
    ...['--role', 'platform', '--predicate', 'scai'],
    ...['--attribute', 'ENCRYPTED_AT_REST', '--attribute', 'INSTRUMENTED'],
  ],
  'security-scanner': ['--role', 'security-scanner', '--predicate', 'vulns'],
  'policy-tests': ['--role', 'policy-tests', '--predicate', 'test-result'],
} as const satisfies Partial<Record<DemoName, readonly string[]>>;

/** Those who sign. */
export type Signatory = keyof typeof AUTHORITY;
export const SIGNATORIES = [
  'training-pipeline',
  'evaluation-pipeline',
  'privacy-officer',
  'model-owner',
  'platform',
  'security-scanner',
  'policy-tests',
] as const satisfies Signatory[];

/** The key that countersigns, as everybody pins it who does not want to take the API's word. */
export const EVIDENCE_KEY = 'evidence.pub';

/** Makes the signatory's key pair, unless it has one, as NAME.pem and NAME.pub. @returns the agent that signs with it */
export function signatory(local: LocalDescription, name: Signatory, folder: string): Agent {
  const file = join(folder, `${name}.pem`);
  if (!existsSync(file)) {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    writeFileSync(join(folder, publicKeyFile(name)), publicKey.export({ type: 'spki', format: 'pem' }));
    writeFileSync(file, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  }
  return Agent.as(local, name, folder, file);
}

export function publicKeyFile(name: Signatory): string {
  return `${name}.pub`;
}

/** Activates the key that countersigns, and registers everybody's role and key. What is registered already stays. */
export async function enrolEverybody(scene: Scene): Promise<void> {
  await scene.step(
    'activate the evidence key',
    () => scene.keyAdmin.json<{ keyid: string }>('keys', 'activate'),
    ({ keyid }) => `${short(keyid)} countersigns from now on`,
  );
  const { evidence_key } = await scene.auditor.json<{ evidence_key: { public_key: string } }>('status');
  writeFileSync(scene.path(EVIDENCE_KEY), evidence_key.public_key);
  for (const name of SIGNATORIES) {
    await scene.step(
      `register ${name}`,
      () => enrol(scene, name),
      (keyid) => `key ${short(keyid)}, proved by its owner, given authority by the key admin`,
    );
  }
}

async function enrol({ local, keyAdmin, signatories }: Scene, name: Signatory): Promise<string> {
  const { uniqueId, roleArn } = local.identities[name];
  const proof = `${name}.proof.json`;
  const prove = ['keys', 'prove', '--principal', name, '--output', proof];
  const register = ['principals', 'register', name, '--unique-id', uniqueId, '--arn', roleArn];
  // A proof is made without the API, so the two need not wait for each other.
  const [{ keyid }, { event }] = await Promise.all([
    signatories[name].json<{ keyid: string }>(...prove),
    keyAdmin.json<{ event: string | null }>(...register),
  ]);
  // Registering a key again would ask for another end of its validity, which is a change of its authority.
  if (event !== null || !(await keysOf(keyAdmin, name)).includes(keyid)) {
    await keyAdmin.countersign('keys', 'register', '--proof', proof, ...AUTHORITY[name]);
  }
  return keyid;
}

async function keysOf(keyAdmin: Agent, name: Signatory): Promise<string[]> {
  const { keys } = await keyAdmin.json<{ keys: readonly { readonly keyid: string }[] }>('keys', 'list', name);
  return keys.map(({ keyid }) => keyid);
}
