import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { INTAKE, intakeEnvironment } from '../access.ts';
import { bundlePeer, bundleSize } from '../bundle.ts';
import { Child } from '../child.ts';
import { type Figure, figure } from '../figure.ts';
import type { BenchStack } from '../stack.ts';
import { median } from '../statistics.ts';

const STARTS = 25;
/** The first starts read files that the system has not cached; Lambda's do not come from a disk either. */
const WARM_UP = 3;

/** Init of the bundled intake function beside that of an empty handler with the same clients, each in fresh processes. */
export async function coldStart(stack: BenchStack, scratch: string): Promise<readonly Figure[]> {
  const intake = join(await stack.bundleOf(INTAKE), 'index.mjs');
  const empty = await bundlePeer('bench/cold-start/clients.ts', join(scratch, 'clients'));
  const environment = intakeEnvironment(stack.local);
  const samples: { readonly intake: number; readonly empty: number }[] = [];
  for (let start = 0; start < WARM_UP + STARTS; start++) {
    const pair = { intake: await init(intake, environment), empty: await init(empty, environment) };
    if (start >= WARM_UP) samples.push(pair);
  }
  const size = bundleSize(dirname(intake));
  const least = bundleSize(dirname(empty));
  const against = (value: number) => ({ name: 'an empty handler with the clients', value });
  return [
    figure('cold-start', median(samples.map((pair) => pair.intake)), 'ms', {
      against: against(median(samples.map((pair) => pair.empty))),
      target: { of: 'ratio', bound: '<=', limit: 1.3 },
    }),
    figure('bundle-size-initial', size.initial / 1000, 'KB', { against: against(least.initial / 1000) }),
    figure('bundle-size-total', size.total / 1000, 'KB', { against: against(least.total / 1000) }),
  ];
}

async function init(module: string, environment: Readonly<Record<string, string>>): Promise<number> {
  const child = new Child(new URL('./child.ts', import.meta.url), environment);
  try {
    return await child.ask<number>({ module: pathToFileURL(module).href });
  } finally {
    await child.end();
  }
}
