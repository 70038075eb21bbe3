import { generateKeyPairSync } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DemoName, LocalDescription } from '../../local/description.ts';
import { Agent } from './agent.ts';

/** Options of `countersign keys register`: what each of them may state. None of them may state what another does. */
const AUTHORITY = {
  'training-pipeline': ['--role', 'producer', '--stage', 'ingest', '--stage', 'preprocess', '--stage', 'training'],
  'evaluation-pipeline': [
    ...['--role', 'evaluator', '--stage', 'evaluation'],
    ...['--predicate', 'manifest', '--predicate', 'test-result', '--predicate', 'cyclonedx'],
  ],
  'privacy-officer': [
    ...['--role', 'privacy-officer', '--predicate', 'scai'],
    ...['--attribute', 'DATASET_CONSENT', '--attribute', 'PRIVACY_REVIEWED'],
  ],
} as const satisfies Partial<Record<DemoName, readonly string[]>>;

/** The three who sign. */
export type Signatory = keyof typeof AUTHORITY;
export const SIGNATORIES: readonly Signatory[] = ['training-pipeline', 'evaluation-pipeline', 'privacy-officer'];

/** Makes the signatory's private key, unless it has one, and the agent that signs with it. */
export function signatory(local: LocalDescription, name: Signatory, folder: string): Agent {
  const file = join(folder, `${name}.pem`);
  if (!existsSync(file)) {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    writeFileSync(file, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  }
  return new Agent(local, name, folder, file);
}

/** Registers a signatory's role and key. Possession is proved by the owner, authority is given by the key admin. */
export async function enrol(local: LocalDescription, owner: Agent, name: Signatory, keyAdmin: Agent): Promise<void> {
  const { uniqueId, roleArn } = local.identities[name];
  await keyAdmin.countersign('principals', 'register', name, '--unique-id', uniqueId, '--arn', roleArn);
  const proof = `${name}.proof.json`;
  const { keyid } = await owner.json<{ keyid: string }>('keys', 'prove', '--principal', name, '--output', proof);
  const { keys } = await keyAdmin.json<{ keys: readonly { readonly keyid: string }[] }>('keys', 'list', name);
  if (keys.some((key) => key.keyid === keyid)) return;
  await keyAdmin.countersign('keys', 'register', '--proof', proof, ...AUTHORITY[name]);
}
