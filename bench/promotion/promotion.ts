import { SFNClient } from '@aws-sdk/client-sfn';
import { administratorConfig } from '../access.ts';
import { type Figure, figure, type Target } from '../figure.ts';
import { note } from '../log.ts';
import { moneyFor, PRICE_BASIS } from '../money.ts';
import type { BenchStack } from '../stack.ts';
import { median, percentile } from '../statistics.ts';
import { PROMOTION_POLL_STATES, type PromotionCalls, splitCalls } from './calls.ts';
import { promote, type Taken } from './run.ts';
import { setScene, storeModel } from './scene.ts';
import { usageOf } from './usage.ts';

const RUNS = 20;
/** Attestations of the model in the run that says what more of them cost. */
const MANY = 20;

/** What a promotion with two approvers costs, over an endpoint that serves another model. Polls of the deployment are counted apart. */
export async function promotion(stack: BenchStack, scratch: string): Promise<readonly Figure[]> {
  const scene = await setScene(stack, scratch);
  const stepFunctions = new SFNClient(administratorConfig(stack.local));
  const tools = { control: stack.control, stepFunctions };
  const most = (limit: number): { target: Target } => ({ target: { of: 'value', bound: '<=', limit } });
  try {
    // The first deployment of an endpoint is another way through the machine, and every function starts cold in it.
    await promote(scene, tools, await storeModel(scene, 'promotion-first', 1));
    const runs: Taken[] = [];
    for (let run = 0; run < RUNS; run++) {
      runs.push(await promote(scene, tools, await storeModel(scene, `promotion-${run}`, 1)));
      note(`promotion ${run + 1} of ${RUNS}`);
    }
    const split = runs.map(splitCalls);
    for (const name of stack.local.functions) await stack.control.recycle(name);
    const cold = splitCalls(await promote(scene, tools, await storeModel(scene, 'promotion-cold', 1)));
    const more = splitCalls(await promote(scene, tools, await storeModel(scene, 'promotion-more', MANY)));
    const calls = median(split.map(({ all }) => all));
    const pageBytes = Math.max(...scene.approvers.flatMap((approver) => approver.pageBytes));
    return [
      figure('promotion-aws-calls', calls, 'calls', most(70)),
      ...byFunction(split),
      figure('promotion-aws-calls-writing', median(split.map(({ writing }) => writing)), 'calls'),
      figure('promotion-aws-calls-cold', cold.all, 'calls'),
      figure('promotion-aws-calls-poll', Math.max(...split.map(({ poll }) => poll)), 'calls', most(2)),
      figure('promotion-aws-calls-per-attestation', (more.all - calls) / (MANY - 1), 'calls'),
      figure('promotion-transitions', median(runs.map(transitionsOf)), 'transitions', most(60)),
      figure(
        'promotion-money',
        median(runs.map((run) => moneyFor(usageOf(run, transitionsOf(run))))),
        PRICE_BASIS,
        most(0.01),
      ),
      figure('promotion-machine-time', median(runs.map(({ ran }) => ran.milliseconds)) / 1000, 's', most(10)),
      figure(
        'promotion-approved-to-update-p95',
        percentile(
          split.map(({ toUpdateMs }) => toUpdateMs),
          0.95,
        ) / 1000,
        's',
        most(3),
      ),
      figure('promotion-page-bytes', pageBytes, 'bytes', most(60 * 1024)),
    ];
  } finally {
    stepFunctions.destroy();
  }
}

/** Without those of the polls, which depend on how long the canary bakes. */
function transitionsOf({ states }: Taken): number {
  return states.filter((name) => !PROMOTION_POLL_STATES.has(name)).length;
}

/** The parts of the sum, the largest first. */
function byFunction(split: readonly PromotionCalls[]): Figure[] {
  const names = new Set(split.flatMap((one) => [...one.byFunction.keys()]));
  return [...names]
    .map((name) =>
      figure(`promotion-aws-calls-${name}`, median(split.map((one) => one.byFunction.get(name) ?? 0)), 'calls'),
    )
    .toSorted((a, b) => b.value - a.value);
}
