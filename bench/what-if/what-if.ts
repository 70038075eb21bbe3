import { packPolicyBundle } from '../../lib/adapters/opa/pack.ts';
import { Env } from '../../lib/contracts/env.ts';
import { MAIN } from '../../lib/core/slots.ts';
import { BUNDLE } from '../../policies/files.ts';
import { apiOf, intakeEnvironment } from '../access.ts';
import { Child } from '../child.ts';
import { type Figure, figure } from '../figure.ts';
import type { BenchStack } from '../stack.ts';
import type { Seed, Simulate, Simulated } from './protocol.ts';

const SMALL = { decisions: 1_000, day: '2026-02-01' } as const satisfies Seed;
const LARGE = { decisions: 10_000, day: '2026-03-01' } as const satisfies Seed;
const MIB = 1024 * 1024;

interface Run extends Simulated {
  readonly calls: number;
}

/** A candidate against stored decisions, 1,000 of one day and 10,000 of another. */
export async function whatIf(stack: BenchStack): Promise<readonly Figure[]> {
  const bundle = (await packPolicyBundle(BUNDLE)).toString('base64');
  const proposal = { method: 'POST', path: '/v1/policies', body: { bundle, change_request: 'the figures' } } as const;
  const { sha256 } = await apiOf(stack.local, 'policy-author').json(proposal);
  await inChild(stack, 'seed', SMALL);
  await inChild(stack, 'seed', LARGE);
  const small = await simulated(stack, String(sha256), SMALL);
  const large = await simulated(stack, String(sha256), LARGE);
  const perInput = ({ ms, decisions }: Run) => ms / decisions;
  return [
    figure('what-if-inputs-per-second', 1000 / perInput(large), 'inputs/s'),
    figure('what-if-per-input', perInput(large), 'ms', {
      against: { name: `with ${SMALL.decisions} inputs`, value: perInput(small) },
      target: { of: 'ratio', bound: '<=', limit: 1.2 },
    }),
    figure('what-if-memory', large.peakBytes / MIB, 'MiB', {
      against: { name: `with ${SMALL.decisions} inputs`, value: small.peakBytes / MIB },
      target: { of: 'value', bound: '<=', limit: 256 },
    }),
    figure('what-if-aws-calls-per-100', (large.calls / large.decisions) * 100, 'calls'),
  ];
}

async function simulated(stack: BenchStack, policy: string, { day, decisions }: Seed): Promise<Run> {
  const [from, to] = [0, 1].map((days) => new Date(Date.parse(day) + days * 86_400_000).toISOString());
  if (from === undefined || to === undefined) throw new Error(`${day} is no day`);
  await stack.control.resetCalls();
  const run = await inChild<Simulated>(stack, 'simulate', {
    question: { policy, slot: MAIN, from, to, environment: 'production' },
  });
  if (run.decisions !== decisions || run.unjudged > 0) {
    throw new Error(`${run.decisions} of ${decisions} decisions were found, ${run.unjudged} could not be judged`);
  }
  const counters = await stack.control.counters();
  return { ...run, calls: Object.values(counters).reduce((sum, count) => sum + count, 0) };
}

/** Fresh, so that its memory is its own. */
async function inChild<T>({ local }: BenchStack, module: 'seed' | 'simulate', message: Seed | Simulate): Promise<T> {
  const child = new Child(new URL(`./${module}.ts`, import.meta.url), {
    ...intakeEnvironment(local),
    [Env.WORKFLOW_TABLE]: local.resources.workflowTable,
    [Env.STAGING_BUCKET]: local.resources.stagingBucket,
  });
  try {
    return await child.ask<T>(message);
  } finally {
    await child.end();
  }
}
