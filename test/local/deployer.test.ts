import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { configName } from '../../lib/core/deployment.ts';
import { LocalControl } from '../../local/control.ts';
import { OTHER_IMAGE } from '../support/deploying.ts';
import { deployments } from './support/deployments.ts';
import { Promoting } from './support/promoting.ts';

const local = inject('local');
const control = new LocalControl(local.control);
const world = new Promoting(local);
const on = deployments(local, world);
/** SageMaker's seconds in a real one. */
const SPEED = 300;
const DEPLOYER = 'countersign-local-deployer';
const run = randomUUID().slice(0, 8);
const alarm = `errors-of-${run}`;
const endpointOf = (name: string) => `${name}-${run}`;

beforeAll(async () => {
  await world.prepare('deployments');
  await control.speedUpSageMaker(SPEED);
  await on.makeAlarm(alarm);
});
afterAll(async () => {
  await control.speedUpSageMaker(1);
});

/** Does something with a deployment under way, which does not come to its end meanwhile, however busy the machine is. */
async function underWay<T>(work: () => Promise<T>): Promise<T> {
  await control.speedUpSageMaker(1);
  try {
    return await work();
  } finally {
    await control.speedUpSageMaker(SPEED);
  }
}
afterEach(async () => {
  const left = [await control.armed(), await control.armedDeployments()];
  await control.disarm();
  await control.disarmDeployments();
  // A fault that nothing met has tested nothing.
  expect(left).toEqual([[], []]);
});

/** Calls of the deployer while it works, by `service:Operation`. */
async function callsOf(work: () => Promise<unknown>): Promise<readonly string[]> {
  await control.resetCalls();
  await work();
  const calls = await control.calls();
  return calls
    .filter(({ identity }) => identity === DEPLOYER)
    .map(({ service, operation }) => `${service}:${operation}`);
}

describe('a deployment on the local AWS', () => {
  it('goes from nothing to a release to a canary, in as few calls as it says', async () => {
    const endpoint = endpointOf('plain');
    await on.deployed(endpoint, alarm);
    const id = await on.approved(endpoint, alarm);
    // Two of them for the second person's word, which only what goes past the gate needs.
    expect(await callsOf(() => on.run(id, 'prepare'))).toHaveLength(13);
    await underWay(async () => {
      expect(await callsOf(() => on.run(id, 'deploy'))).toHaveLength(4);
      expect(await callsOf(() => on.run(id, 'watch'))).toEqual(['dynamodb:Query', 'sagemaker:DescribeEndpoint']);
    });
    expect(await on.watch(id)).toBe('in_service');
    expect(await callsOf(() => on.run(id, 'check-integrity'))).toHaveLength(7);
    expect(await on.describe(endpoint)).toMatchObject({ EndpointConfigName: configName({ id }) });
  });

  it('into another environment than its endpoint serves is refused, before anybody is asked and after', async () => {
    const endpoint = endpointOf('production');
    const first = await on.approved(endpoint, alarm, 'production');
    for (const task of ['prepare', 'deploy'] as const) await on.run(first, task);
    const id = await on.approved(endpoint, alarm);
    for (const task of ['preflight', 'prepare'] as const) {
      await expect(on.run(id, task)).rejects.toMatchObject({ name: 'DeploymentRefused' });
    }
    expect((await on.get(id)).failure?.code).toBe('environment_differs');
  });

  it('that serves another image is taken back by our own alarm', async () => {
    const endpoint = endpointOf('tampered');
    const before = await on.deployed(endpoint, alarm);
    const id = await on.approved(endpoint, alarm);
    await control.armDeployment({ kind: 'serves', endpoint, image: OTHER_IMAGE });
    await on.run(id, 'prepare');
    await underWay(async () => {
      await on.run(id, 'deploy');
      expect(await on.run(id, 'watch')).toEqual({ state: 'moving' });
    });
    expect(await on.watch(id)).toBe('rolled_back');
    const shown = await on.describe(endpoint);
    expect(shown.EndpointConfigName).toBe(configName({ id: before }));
    expect(shown.FailureReason).toContain(`countersign-local-deployment-of-${endpoint}`);
    expect(await on.get(id)).toMatchObject({ abort: { cause: 'integrity' }, failure: { code: 'image_differs' } });
  });

  it('whose model names other bytes is found, and what served before put back', async () => {
    const endpoint = endpointOf('swapped');
    const before = await on.deployed(endpoint, alarm);
    const id = await on.approved(endpoint, alarm);
    await on.run(id, 'prepare');
    await on.run(id, 'deploy');
    expect(await on.watch(id)).toBe('in_service');
    const model = (await on.get(id)).deployment?.model_name ?? '';
    await control.tamper({ model, modelDataUrl: `s3://${local.resources.evidenceBucket}/artifacts/sha256/ff/other` });
    await expect(on.run(id, 'check-integrity')).rejects.toMatchObject({ name: 'IntegrityFailure' });
    await on.run(id, 'roll-back');
    expect(await on.watch(id, 'watch-rollback')).toBe('rolled_back');
    expect(await on.describe(endpoint)).toMatchObject({ EndpointConfigName: configName({ id: before }) });
  });

  it('waits for a SageMaker that throttles, and is told so by the name that is retried', async () => {
    const endpoint = endpointOf('throttled');
    const id = await on.approved(endpoint, alarm);
    const match = { service: 'sagemaker', operation: 'DescribeEndpoint', identity: DEPLOYER };
    const effect = { kind: 'refuse', status: 400, code: 'ThrottlingException', message: 'Rate exceeded' } as const;
    await control.arm({ match, effect, times: 3 });
    await expect(on.run(id, 'prepare')).rejects.toMatchObject({ name: 'TransientError' });
    await on.run(id, 'prepare');
    expect(await on.get(id)).toMatchObject({ failure: null, deployment: { previous_config: null } });
  });

  it('that there are no instances for is refused, and leaves nothing', async () => {
    const endpoint = endpointOf('limited');
    const id = await on.approved(endpoint, alarm);
    await on.run(id, 'prepare');
    const match = { service: 'sagemaker', operation: 'CreateEndpoint' };
    await control.arm({ match, effect: { kind: 'refuse', status: 400, code: 'ResourceLimitExceeded' } });
    await expect(on.run(id, 'deploy')).rejects.toMatchObject({ name: 'DeploymentRefused' });
    expect((await on.get(id)).failure?.code).toBe('refused_by_sagemaker');
    await expect(on.describe(endpoint)).rejects.toThrow('Could not find endpoint');
  });
});

describe('a deployer that is killed after a call and run again', () => {
  const kill = async (operation: string, service = 'sagemaker') =>
    await control.arm({ match: { service, operation, identity: DEPLOYER }, effect: { kind: 'execute-then-kill' } });

  it.each(['CreateModel', 'CreateEndpointConfig', 'PutItem'])('%s: prepares all the same', async (operation) => {
    const id = await on.approved(endpointOf(`killed-${operation.toLowerCase()}`), alarm);
    await kill(operation, operation === 'PutItem' ? 'dynamodb' : 'sagemaker');
    await expect(on.run(id, 'prepare')).rejects.toThrow();
    await on.run(id, 'prepare');
    expect((await on.get(id)).deployment).toMatchObject({ endpoint_config: configName({ id }), started_at: null });
  });

  it('UpdateEndpoint: deploys once, rings once more, and rolls back once', async () => {
    const endpoint = endpointOf('killed-update');
    const before = await on.deployed(endpoint, alarm);
    const id = await on.approved(endpoint, alarm);
    await on.run(id, 'prepare');
    await underWay(async () => {
      await kill('UpdateEndpoint');
      const calls = await callsOf(async () => {
        await expect(on.run(id, 'deploy')).rejects.toThrow();
        await on.run(id, 'deploy');
      });
      expect(calls.filter((call) => call === 'sagemaker:UpdateEndpoint')).toHaveLength(1);
      await kill('PutMetricData', 'monitoring');
      await expect(on.run(id, 'roll-back')).rejects.toThrow();
      await on.run(id, 'roll-back');
    });
    expect(await on.watch(id, 'watch-rollback')).toBe('rolled_back');
    expect(await on.describe(endpoint)).toMatchObject({ EndpointConfigName: configName({ id: before }) });
  });
});
