import { describe, expect, it } from 'vitest';
import { runDeployerTask } from '../../../../lib/app/promotion/deploy-task.ts';
import type { Hosting } from '../../../../lib/app/promotion/hosting.ts';
import { configName } from '../../../../lib/core/deployment.ts';
import type { Promotion } from '../../../../lib/core/promotion.ts';
import { type Deployings, deploying } from '../../../support/deploying.ts';
import { NAMED_ALARM } from '../../../support/promotions.ts';

/** Runs a task with some of SageMaker's answers changed. */
async function runWith(
  { deps, get }: Deployings,
  id: string,
  task: 'deploy' | 'roll-back',
  changed: (real: Hosting) => Partial<Hosting>,
) {
  const hosting = { ...deps.hosting, ...changed(deps.hosting) };
  return await runDeployerTask({ ...deps, hosting }, { promotion: id, kind: get(id).kind, task });
}

/** A configuration that no promotion made, of the model that one has prepared. */
function strangersConfig({ get, sagemaker }: Deployings, id: string): void {
  const { model_name = '' } = get(id).deployment ?? {};
  const variant = { VariantName: 'AllTraffic', InitialInstanceCount: 2, InstanceType: 'ml.m5.large' };
  const ProductionVariants = [{ ...variant, ModelName: model_name }];
  sagemaker.createEndpointConfig({ EndpointConfigName: 'strange', ProductionVariants });
}

/** What the state machine tries again. */
const NOT_SEEN_YET = { code: 'DEPENDENCY_UNAVAILABLE', retryAfterMs: 1000 };

describe('the end of a promotion that was stopped past us', () => {
  it('is met by a deployer that still runs: it tells SageMaker nothing', async () => {
    const on = deploying();
    await on.released('one');
    const id = on.approved('two');
    await on.run(id, 'prepare');
    const told = on.calls.length;
    on.change(id, { failure: { code: 'EXECUTION_STOPPED', detail: 'the execution was stopped past the API' } });
    await expect(on.run(id, 'deploy')).rejects.toMatchObject({ name: 'DeploymentRefused', code: 'EXECUTION_STOPPED' });
    expect(on.get(id)).toMatchObject({ state: 'awaiting_approval', deployment: { started_at: null } });
    expect(on.calls.slice(told)).not.toContain('UpdateEndpoint');
  });
});

describe('a step that noted why it failed, and was killed before it said so', () => {
  it('ends the promotion by that reason before anything is deployed, though the step passes when it is run again', async () => {
    const on = deploying();
    await on.released('one');
    const id = on.approved('two');
    on.alarms.set(NAMED_ALARM, { ringsUntil: on.clock.now().getTime() + 10_000 });
    const { promotions } = on.deps;
    const save = async (promotion: Promotion) => {
      await promotions.save(promotion);
      throw new Error('killed');
    };
    const killed = { ...on.deps, promotions: { ...promotions, save } };
    const prepare = runDeployerTask(killed, { promotion: id, kind: 'promotion', task: 'prepare' });
    await expect(prepare).rejects.toThrow('killed');
    on.clock.advance(20_000);
    await on.run(id, 'prepare');
    const told = on.calls.length;
    await expect(on.run(id, 'deploy')).rejects.toMatchObject({ name: 'DeploymentRefused', code: 'alarm_rings' });
    expect(on.get(id)).toMatchObject({ state: 'awaiting_approval', failure: { code: 'alarm_rings' } });
    expect(on.calls.slice(told)).not.toContain('UpdateEndpoint');
  });
});

describe('a first deployment whose function died after SageMaker was told', () => {
  /** The endpoint is being made, and nobody heard of it. */
  async function unheard() {
    const on = deploying();
    const id = on.approved('one');
    await on.run(id, 'prepare');
    const killed = runWith(on, id, 'deploy', (real) => ({
      create: async (...told) => {
        await real.create(...told);
        throw new Error('killed');
      },
    }));
    await expect(killed).rejects.toThrow('killed');
    return { on, id };
  }

  it('is tried again for as long as SageMaker’s reads do not show what was made', async () => {
    const { on, id } = await unheard();
    const unseen = runWith(on, id, 'deploy', () => ({ endpoint: async () => undefined }));
    await expect(unseen).rejects.toMatchObject(NOT_SEEN_YET);
    expect(on.get(id)).toMatchObject({ state: 'deploying', failure: null });
    await on.run(id, 'deploy');
    expect(await on.watch(id, 'watch')).toBe('in_service');
  });

  it('is found where the reads show it the moment it cannot be made again', async () => {
    const { on, id } = await unheard();
    let looks = 0;
    await runWith(on, id, 'deploy', (real) => ({
      endpoint: async (name) => (looks++ === 0 ? undefined : await real.endpoint(name)),
    }));
    expect(on.get(id)).toMatchObject({ state: 'deploying', failure: null });
  });

  it('is refused where the endpoint that is there is a stranger’s', async () => {
    const on = deploying();
    const id = on.approved('one');
    await on.run(id, 'prepare');
    strangersConfig(on, id);
    await on.sagemaker.createEndpoint({ EndpointName: 'fraud', EndpointConfigName: 'strange' });
    await expect(on.run(id, 'deploy')).rejects.toMatchObject({ name: 'DeploymentRefused' });
    expect(on.get(id).failure).toMatchObject({ code: 'refused_by_sagemaker' });
  });
});

describe('a later deployment whose answer was lost', () => {
  async function prepared() {
    const on = deploying();
    await on.released('one');
    const id = on.approved('two');
    await on.run(id, 'prepare');
    return { on, id, before: await on.deps.hosting.endpoint('fraud') };
  }
  const isDeployed = async (on: Deployings, id: string) => {
    expect(on.get(id)).toMatchObject({ state: 'deploying', failure: null });
    await on.run(id, 'deploy');
    expect(await on.watch(id, 'watch')).toBe('in_service');
    expect(on.sagemaker.describeEndpoint('fraud').EndpointConfigName).toBe(configName({ id }));
  };

  it('with its function is tried again for as long as SageMaker’s reads do not show it', async () => {
    const { on, id, before } = await prepared();
    const killed = runWith(on, id, 'deploy', (real) => ({
      update: async (...told) => {
        await real.update(...told);
        throw new Error('killed');
      },
    }));
    await expect(killed).rejects.toThrow('killed');
    const unseen = runWith(on, id, 'deploy', () => ({ endpoint: async () => before }));
    await expect(unseen).rejects.toMatchObject(NOT_SEEN_YET);
    await isDeployed(on, id);
  });

  it('with its function, and that somebody wants back, is not taken for one that never began', async () => {
    const { on, id, before } = await prepared();
    const killed = runWith(on, id, 'deploy', () => ({ update: async () => Promise.reject(new Error('killed')) }));
    await expect(killed).rejects.toThrow('killed');
    const at = on.clock.now().toISOString();
    on.change(id, { abort: { cause: 'emergency_rollback', by: null, reason: 'wrong answers', at } });
    const unseen = runWith(on, id, 'deploy', () => ({ endpoint: async () => before }));
    await expect(unseen).rejects.toMatchObject(NOT_SEEN_YET);
    expect(on.get(id)).toMatchObject({ state: 'deploying', failure: null });
    await on.run(id, 'roll-back');
    expect(await on.watch(id, 'watch-rollback')).toBe('rolled_back');
  });

  it('to the SDK, which told it once more by itself, is tried again in the same way', async () => {
    const { on, id, before } = await prepared();
    const unseen = runWith(on, id, 'deploy', (real) => ({
      endpoint: async () => before,
      update: async (...told) => (await real.update(...told)) && (await real.update(...told)),
    }));
    await expect(unseen).rejects.toMatchObject(NOT_SEEN_YET);
    await isDeployed(on, id);
  });

  it('is refused where the endpoint is on its way to a stranger’s', async () => {
    const { on, id } = await prepared();
    strangersConfig(on, id);
    await on.sagemaker.updateEndpoint({ EndpointName: 'fraud', EndpointConfigName: 'strange' });
    await expect(on.run(id, 'deploy')).rejects.toMatchObject({ name: 'DeploymentRefused' });
    expect(on.get(id).failure).toMatchObject({ code: 'refused_by_sagemaker' });
  });
});

describe('a rollback that waited for the endpoint', () => {
  it('leaves another release alone than the one that it was asked to take back', async () => {
    const on = deploying();
    await on.released('one');
    await on.released('two');
    const back = on.approved('back', { kind: 'rollback' });
    const three = await on.released('three');
    on.leases.set('fraud', back);
    await expect(on.run(back, 'roll-back')).rejects.toMatchObject({ name: 'IntegrityFailure' });
    expect(on.get(back)).toMatchObject({ deployment: null, failure: { code: 'endpoint_changed' } });
    expect(on.sagemaker.describeEndpoint('fraud').EndpointConfigName).toBe(configName({ id: three }));
  });
});

describe('cleaning up', () => {
  it('after a rollback that failed leaves the endpoint that a release says serves', async () => {
    const on = deploying();
    const one = await on.released('one');
    const back = on.approved('back', { kind: 'rollback' });
    const down = runWith(on, back, 'roll-back', () => ({ remove: async () => Promise.reject(new Error('503')) }));
    await expect(down).rejects.toThrow('503');
    on.change(back, { state: 'rollback_failed', ended_at: on.clock.now().toISOString() });
    expect(await on.run(back, 'clean-up')).toEqual({ state: 'rollback_failed' });
    expect(on.sagemaker.describeEndpoint('fraud')).toMatchObject({
      EndpointConfigName: configName({ id: one }),
      EndpointStatus: 'InService',
    });
  });

  it('leaves what is sealed alone, though nobody heard of the seal and its end was told as a failed way back', async () => {
    const on = deploying();
    const id = await on.released('one');
    expect(await on.run(id, 'clean-up')).toEqual({ state: 'rollback_failed' });
    expect(on.sagemaker.describeEndpoint('fraud')).toMatchObject({
      EndpointConfigName: configName({ id }),
      EndpointStatus: 'InService',
    });
  });
});
