import { join } from 'node:path';
import { INTAKE, intakeEnvironment } from '../access.ts';
import { bundlePeer } from '../bundle.ts';
import { Child } from '../child.ts';
import { type Figure, figure } from '../figure.ts';
import type { BenchStack } from '../stack.ts';
import { median } from '../statistics.ts';
import type { Boot, Round, RoundCost } from './protocol.ts';

const WARM_UP = 300;
const ROUNDS = 6;
const PER_ROUND = 100;

/** CPU time of the bundled intake handler for a manifest, beside that of the same four SDK calls made bare. */
export async function intakeCpu(stack: BenchStack, scratch: string): Promise<readonly Figure[]> {
  const { local, producer } = stack;
  const handlerModule = join(await stack.bundleOf(INTAKE), 'index.mjs');
  const bareModule = await bundlePeer('bench/intake/bare.ts', join(scratch, 'bare'));
  const environment = intakeEnvironment(local);
  const script = new URL('./child.ts', import.meta.url);
  const handler = new Child(script, environment);
  const bare = new Child(script, environment);
  let posted = 0;
  const round = async (child: Child, count: number): Promise<RoundCost> => {
    const manifests = Array.from({ length: count }, () => producer.manifest(`cpu-${posted++}`).toString('base64'));
    return await child.ask<RoundCost>({ manifests } satisfies Round);
  };
  try {
    await handler.ask({ kind: 'handler', module: handlerModule, local } satisfies Boot);
    await bare.ask({ kind: 'bare', module: bareModule, local } satisfies Boot);
    await round(handler, WARM_UP);
    await round(bare, WARM_UP);
    const costs: { readonly handler: RoundCost; readonly bare: RoundCost }[] = [];
    for (let done = 0; done < ROUNDS; done++) {
      costs.push({ handler: await round(handler, PER_ROUND), bare: await round(bare, PER_ROUND) });
    }
    const each = (pick: (cost: (typeof costs)[number]) => number) => median(costs.map(pick)) / PER_ROUND;
    const bareCpu = { name: 'the same four SDK calls', value: each((cost) => cost.bare.cpuMs) };
    const bareWall = { name: 'the same four SDK calls', value: each((cost) => cost.bare.wallMs) };
    return [
      figure(
        'intake-cpu-own',
        each((cost) => cost.handler.cpuMs - cost.bare.cpuMs),
        'ms',
        {
          target: { of: 'value', bound: '<=', limit: 1 },
        },
      ),
      figure(
        'intake-cpu-total',
        each((cost) => cost.handler.cpuMs),
        'ms',
        { against: bareCpu },
      ),
      figure(
        'intake-wall',
        each((cost) => cost.handler.wallMs),
        'ms',
        { against: bareWall },
      ),
    ];
  } finally {
    await Promise.all([handler.end(), bare.end()]);
  }
}
