import { deepEqual } from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { packPolicyBundle } from '../../lib/adapters/opa/pack.ts';
import { canonicalBytes } from '../../lib/core/canonical.ts';
import { BUNDLE, ENTRYPOINT } from '../../policies/files.ts';
import { Child } from '../child.ts';
import { type Figure, figure, type Target } from '../figure.ts';
import { median, percentile } from '../statistics.ts';
import { factsWith } from './facts.ts';
import { buildNative, Native, type NativeRound } from './native.ts';
import type { Evaluate, Evaluated, Load, Loaded } from './protocol.ts';

const ATTESTATIONS = 30;
const LOADS = 15;
const WARM_UP = 300;
const ROUNDS = 10;
const PER_ROUND = 200;
const MS = 1e-6;

/** The compiled policy beside OPA itself: the same bundle, the same bytes of facts, in turn, each alone in its process. */
export async function policy(scratch: string): Promise<readonly Figure[]> {
  const folder = join(scratch, 'policy');
  await mkdir(folder);
  const files: Load = { bundle: join(folder, 'bundle.tar.gz'), facts: join(folder, 'facts.json') };
  await writeFile(files.bundle, await packPolicyBundle(BUNDLE));
  await writeFile(files.facts, canonicalBytes(factsWith(ATTESTATIONS)));
  const query = `data.${ENTRYPOINT.replaceAll('/', '.')}`;
  const native = new Native(await buildNative(folder), query, files);
  try {
    const loads: number[] = [];
    for (let load = 0; load < LOADS; load++) loads.push(await freshLoad(files));
    const { load_ns } = await native.evaluate(1);
    return [
      ...(await evaluations(files, native)),
      figure('policy-load', median(loads), 'ms', {
        against: { name: 'native OPA, from its Rego', value: load_ns * MS },
        target: { of: 'value', bound: '<=', limit: 50 },
      }),
    ];
  } finally {
    native.end();
  }
}

async function evaluations(files: Load, native: Native): Promise<Figure[]> {
  const child = evaluator();
  try {
    await child.ask<Loaded>(files);
    const warmedUp = await ours(child, WARM_UP);
    // Else they would not do the same work.
    deepEqual(warmedUp.answer, (await native.evaluate(WARM_UP)).answer);
    const own: (readonly number[])[] = [];
    const theirs: NativeRound[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      own.push((await ours(child, PER_ROUND)).latenciesMs);
      theirs.push(await native.evaluate(PER_ROUND));
    }
    const p = (share: number) => median(own.map((samples) => percentile(samples, share)));
    const peer = (share: number, from: 'bytes_ns' | 'parsed_ns') =>
      median(theirs.map((round) => percentile(round[from], share))) * MS;
    const target: Target = { of: 'ratio', bound: '<=', limit: 1 };
    return [
      figure('policy-p50', p(0.5), 'ms', { against: { name: 'native OPA', value: peer(0.5, 'bytes_ns') }, target }),
      figure('policy-p99', p(0.99), 'ms', { against: { name: 'native OPA', value: peer(0.99, 'bytes_ns') }, target }),
      figure('policy-p50-parsed', p(0.5), 'ms', {
        against: { name: 'native OPA, facts parsed before', value: peer(0.5, 'parsed_ns') },
      }),
    ];
  } finally {
    await child.end();
  }
}

function evaluator(): Child {
  return new Child(new URL('./evaluator.ts', import.meta.url), { PATH: process.env.PATH ?? '' });
}

function ours(child: Child, times: number): Promise<Evaluated> {
  return child.ask<Evaluated>({ times } satisfies Evaluate);
}

/** As in a new copy of the function: nothing was compiled before. */
async function freshLoad(files: Load): Promise<number> {
  const child = evaluator();
  try {
    return (await child.ask<Loaded>(files)).loadMs;
  } finally {
    await child.end();
  }
}
