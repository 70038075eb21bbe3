import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { DeployerTask } from '../../../lib/contracts/promotion.ts';
import { notCanaried, notDeployable, notOffered, notWatchable } from '../../../lib/core/preflight.ts';
import { deploying } from '../../support/deploying.ts';
import { aPromotion } from '../../support/promotions.ts';

const text = readFileSync(new URL('../../../docs/deployment.md', import.meta.url), 'utf8');

describe('docs/deployment.md', () => {
  it('tells the calls of each step as they are', async () => {
    const on = deploying();
    await on.released('one');
    const id = on.approved('two');
    // Our alarm is there from the second deployment on.
    on.alarms.set('ours-of-fraud', { ringsUntil: 0 });
    const counted = async (task: DeployerTask['task'], name: string = task, promotion = id) => {
      on.killAfter(Number.POSITIVE_INFINITY);
      await on.run(promotion, task);
      return [name, String(on.portCalls.length)];
    };
    const rows = [await counted('preflight'), await counted('prepare'), await counted('deploy')];
    await on.poll();
    rows.push(await counted('watch'));
    await on.watch(id, 'watch');
    rows.push(await counted('check-integrity', 'check integrity'), await counted('roll-back', 'roll back'));
    const one = on.approved('three', { endpoint: 'other' });
    await on.run(one, 'prepare');
    await on.run(one, 'deploy');
    await on.watch(one, 'watch');
    on.change(one, { state: 'rollback_failed', ended_at: on.clock.now().toISOString() });
    rows.push(await counted('clean-up', 'clean up', one));
    const told = [...text.matchAll(/^\| ([a-z ]+) \| .* \| (\d+) \|$/gm)].map(([, step, calls]) => [step, calls]);
    expect(told).toEqual(rows);
  });

  it('has every code under which a preflight refuses', () => {
    const serving = aPromotion('2026-01-01T00:00:00Z');
    const variant = { name: 'a', images: [] };
    const endpoint = {
      name: serving.endpoint,
      arn: '',
      config: '',
      pending: null,
      failure: null,
      modified_at: new Date(0),
      variants: [variant],
    };
    const marks = { isOurs: true, environment: serving.environment };
    const refusals = [
      notCanaried({ ...serving, instance_count: 1 }),
      notCanaried({ ...serving, instance_type: 'ml.inf1.xlarge' }),
      notCanaried({ ...serving, canary_percent: 60 }),
      notCanaried({ ...serving, bake_seconds: 0 }),
      notCanaried({ ...serving, alarms: [] }),
      notOffered(serving, false),
      notDeployable({ ...endpoint, status: 'InService' }, { ...marks, isOurs: false }, serving),
      notDeployable({ ...endpoint, status: 'InService' }, { ...marks, environment: undefined }, serving),
      notDeployable({ ...endpoint, name: 'another', status: 'InService' }, marks, serving),
      notDeployable({ ...endpoint, status: 'Updating' }, marks, serving),
      notDeployable({ ...endpoint, status: 'InService', variants: [variant, variant] }, marks, serving),
      notWatchable(['a'], new Map()),
      notWatchable(['a'], new Map([['a', true]])),
      notWatchable(Array.from({ length: 10 }, String), new Map()),
    ];
    for (const refused of refusals) expect(text).toContain(`\`${refused?.code}\``);
  });
});
