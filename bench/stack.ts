import { join, resolve } from 'node:path';
import { Predicate } from '../lib/contracts/predicates.ts';
import { readAssembly } from '../local/assembly.ts';
import type { DemoName, LocalDescription } from '../local/description.ts';
import { type LocalStack, startLocal } from '../local/stack.ts';
import { apiOf } from './access.ts';
import { note } from './log.ts';
import { Producer } from './producer.ts';

export const ROOT = resolve(import.meta.dirname, '..');
const STATE_DIR = join(ROOT, '.countersign', 'bench');

/** A local AWS with one enrolled producer. */
export interface BenchStack {
  readonly local: LocalDescription;
  readonly control: LocalStack['control'];
  readonly producer: Producer;
  /** Folder of a function's bundle, as `cdk synth` made it. */
  readonly bundleOf: (functionName: string) => Promise<string>;
  readonly stop: () => Promise<void>;
}

/** Starts a local AWS of its own, beside any that `npm start` runs, and enrols the producer. */
export async function startBenchStack(): Promise<BenchStack> {
  const stack = await startLocal({ stateDir: STATE_DIR, log: note });
  try {
    const producer = new Producer('training-pipeline');
    await enrol(stack.description, producer);
    const bundleOf = (name: string) => bundleFolder(join(STATE_DIR, 'cdk.out'), name);
    return { local: stack.description, control: stack.control, producer, bundleOf, stop: stack.stop };
  } catch (error) {
    await stack.stop();
    throw error;
  }
}

async function enrol(local: LocalDescription, producer: Producer): Promise<void> {
  await apiOf(local, 'key-admin').json({ method: 'POST', path: '/v1/evidence-key', body: {} });
  await register(local, 'training-pipeline', producer, {
    role: 'producer',
    stages: ['training'],
    predicate_types: [Predicate.manifest],
  });
}

/** Registers a demo identity as a principal, with the producer's key. */
export async function register(
  local: LocalDescription,
  as: DemoName,
  producer: Producer,
  authority: { readonly role: string; readonly stages: readonly string[]; readonly predicate_types: readonly string[] },
): Promise<void> {
  const admin = apiOf(local, 'key-admin');
  const { uniqueId, roleArn } = local.identities[as];
  const name = producer.principal;
  await admin.json({ method: 'POST', path: '/v1/principals', body: { name, unique_id: uniqueId, arn: roleArn } });
  const body = {
    principal: name,
    ...authority,
    not_after: '2100-01-01T00:00:00Z',
    public_key: producer.publicKey.pem,
    proof: JSON.parse(producer.keyProof().toString('utf8')),
  };
  await admin.json({ method: 'POST', path: '/v1/keys', body });
}

async function bundleFolder(assembly: string, functionName: string): Promise<string> {
  for (const stack of await readAssembly(assembly)) {
    for (const { type, properties } of Object.values(stack.resources)) {
      if (type !== 'AWS::Lambda::Function' || properties.FunctionName !== functionName) continue;
      const { Code: code } = properties;
      const key = typeof code === 'object' && code !== null && 'S3Key' in code ? String(code.S3Key) : '';
      const folder = stack.assetFolders.get(key);
      if (folder !== undefined) return folder;
    }
  }
  throw new Error(`the template has no function ${functionName}`);
}
