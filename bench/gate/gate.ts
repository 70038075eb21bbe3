import type { CallRecord } from '../../local/control.ts';
import { apiOf } from '../access.ts';
import { Child } from '../child.ts';
import { type Figure, figure } from '../figure.ts';
import { digestOf } from '../producer.ts';
import type { BenchStack } from '../stack.ts';
import { median, percentile } from '../statistics.ts';
import { activatePolicy } from './activate.ts';
import type { Ask, Boot } from './protocol.ts';

const GATES = 'countersign-local-gates';
const WARM_UP = 20;
const ASKED = 200;
const COUNTED = 3;
const ATTESTATIONS = 30;
/** What one batch read takes. */
const BATCH = 100;

/** The whole gate: assemble, evaluate, sign and store, and the AWS calls that it takes. */
export async function gate(stack: BenchStack): Promise<readonly Figure[]> {
  const { local } = stack;
  await activatePolicy(local);
  const client = new Child(new URL('./client.ts', import.meta.url), { PATH: process.env.PATH ?? '' });
  const ask = async (model: string, times: number): Promise<readonly number[]> => {
    const question = { model: digestOf(model), environment: 'production', endpoint: 'classifier' };
    return await client.ask<readonly number[]>({ question, times } satisfies Ask);
  };
  const train = async (model: string, runs: number, name: string): Promise<void> => {
    const pipeline = apiOf(local, 'training-pipeline');
    for (let run = 0; run < runs; run++) {
      // The same inputs each time, so that the lineage stays as it is.
      const body = stack.producer.manifest('gate', { run: `${name}-${run}`, model: digestOf(model) });
      await pipeline.send({ method: 'POST', path: '/v1/manifests', body });
    }
  };
  try {
    await client.ask({ local } satisfies Boot);
    await train('much', ATTESTATIONS, 'first');
    await train('little', 1, 'only');
    await ask('much', WARM_UP);
    const { answer: latencies, gates } = await recorded(stack, () => ask('much', ASKED));
    const many = most(gates);
    const one = most((await recorded(stack, () => ask('little', COUNTED))).gates);
    await train('much', BATCH, 'further');
    const more = most((await recorded(stack, () => ask('much', COUNTED))).gates);
    const busy = gates.map((calls) => calls.reduce((sum, { ms }) => sum + ms, 0));
    return [
      figure('gate-p50', median(latencies), 'ms'),
      figure('gate-p95', percentile(latencies, 0.95), 'ms', { target: { of: 'value', bound: '<=', limit: 300 } }),
      figure('gate-p99', percentile(latencies, 0.99), 'ms', { target: { of: 'value', bound: '<', limit: 10_000 } }),
      figure('gate-aws-time', median(busy), 'ms'),
      figure('gate-aws-calls', many, 'calls', {
        against: { name: 'calls for one attestation', value: one },
        target: { of: 'ratio', bound: '<=', limit: 1 },
      }),
      figure('gate-aws-calls-per-100', more - many, 'calls', { target: { of: 'value', bound: '<=', limit: 1 } }),
    ];
  } finally {
    await client.end();
  }
}

type Calls = readonly CallRecord[];

/** What gates called AWS for while they were asked, each gate's calls apart. */
async function recorded<T>({ control }: BenchStack, work: () => Promise<T>) {
  await control.resetCalls();
  const answer = await work();
  const calls = (await control.calls()).filter(({ identity }) => identity === GATES);
  const gates: readonly Calls[] = [...Map.groupBy(calls, ({ invocation }) => invocation).values()];
  return { answer, gates };
}

/** Calls of the gate that made the most. */
function most(gates: readonly Calls[]): number {
  return Math.max(...gates.map(({ length }) => length));
}
