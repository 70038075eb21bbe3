import { DescribeModelPackageCommand, ListModelPackagesCommand } from '@aws-sdk/client-sagemaker';
import { beforeEach, describe, expect, it } from 'vitest';
import { sagemakerPackages } from '../../../../lib/adapters/sagemaker/packages.ts';
import { type MirrorDeps, mirrorPromotion } from '../../../../lib/app/promotion/mirror.ts';
import { DomainError } from '../../../../lib/core/errors.ts';
import type { PromotionState } from '../../../../lib/core/promotion.ts';
import { type ControlPlane, controlPlane } from '../../../support/control-plane.ts';
import type { TestKey } from '../../../support/keys.ts';
import { localSageMaker } from '../../../support/local-sagemaker.ts';
import { ENDPOINT, MODEL, releasing } from '../../../support/releasing.ts';
import { stages } from '../../../support/stages.ts';

const GROUP = `countersign-${ENDPOINT}`;

let plane: ControlPlane & { readonly key: TestKey };
let world: ReturnType<typeof releasing>;
let aws: ReturnType<typeof localSageMaker>;
let deps: MirrorDeps;
const { post } = stages(() => plane);
beforeEach(async () => {
  plane = await controlPlane();
  world = releasing(plane);
  await post();
  aws = localSageMaker({
    realNow: () => plane.clock.now().getTime(),
    alarmStates: async () => new Map(),
    objectExists: async () => true,
  });
  deps = {
    ...plane.submitDeps,
    ledger: plane.ledger,
    promotions: world.promotions,
    releases: world.releases,
    packages: sagemakerPackages(aws.client, 'test'),
    prefix: 'countersign-',
    bucket: 'evidence',
  };
});

/** The versions of the group with their states, by promotion, the first made first. */
async function mirrored(): Promise<readonly (readonly [promotion: string, status: string])[]> {
  const { ModelPackageSummaryList = [] } = await aws.client.send(
    new ListModelPackagesCommand({ ModelPackageGroupName: GROUP, SortOrder: 'Ascending' }),
  );
  return ModelPackageSummaryList.map(({ ModelPackageDescription = '', ModelApprovalStatus = '' }) => [
    ModelPackageDescription.replace('Countersign promotion ', ''),
    ModelApprovalStatus,
  ]);
}

async function ended(request: string, state: PromotionState, code?: string): Promise<string> {
  const promotion = await world.deployed(request);
  const failure = code === undefined ? null : { code, detail: 'as it says' };
  await world.promotions.save({ ...promotion, state, failure, revision: promotion.revision + 1 });
  return promotion.id;
}

/** The first answer of a call is lost, and what it asked for done or not. */
function losing(name: 'create' | 'decide', isDone: boolean): void {
  const { create, decide } = deps.packages;
  let isLost = false;
  const lose = async <T>(call: () => Promise<T>): Promise<T> => {
    if (isLost) return await call();
    isLost = true;
    if (isDone) await call();
    throw new DomainError('DEPENDENCY_UNAVAILABLE', 'lost');
  };
  const lossy =
    name === 'create'
      ? { create: (...args: Parameters<typeof create>) => lose(() => create(...args)) }
      : { decide: (...args: Parameters<typeof decide>) => lose(() => decide(...args)) };
  deps = { ...deps, packages: { ...deps.packages, ...lossy } };
}

describe('what is released', () => {
  it('is approved in the group of its endpoint, with the ids of its evidence', async () => {
    const { promotion, evidence, served } = await world.released('run-1');
    expect(await mirrorPromotion(deps, promotion)).toEqual({ [promotion]: 'Approved' });
    expect(await mirrored()).toEqual([[promotion, 'Approved']]);
    const version = await aws.client.send(
      new DescribeModelPackageCommand({
        ModelPackageName: `arn:aws:sagemaker:eu-west-1:111122223333:model-package/${GROUP}/1`,
      }),
    );
    expect(version.CustomerMetadataProperties).toEqual({
      'countersign:promotion': promotion,
      'countersign:environment': 'production',
      'countersign:endpoint': ENDPOINT,
      'countersign:model': MODEL,
      'countersign:release': evidence,
    });
    expect(version.InferenceSpecification?.Containers).toMatchObject([
      {
        Image: served?.image,
        ModelDataSource: {
          S3DataSource: { S3Uri: `s3://evidence/artifacts/sha256/${MODEL.slice(0, 2)}/${MODEL}` },
        },
      },
    ]);
    expect(version.ApprovalDescription).toBe(`Released: evidence ${evidence}`);
  });

  it('is one version however often it is announced, at the same time too', async () => {
    const { promotion } = await world.released('run-1');
    await Promise.all([mirrorPromotion(deps, promotion), mirrorPromotion(deps, promotion)]);
    await mirrorPromotion(deps, promotion);
    expect(await mirrored()).toEqual([[promotion, 'Approved']]);
  });

  it('has a group made only where there is none', async () => {
    const made = ['CreateModelPackage', 'UpdateModelPackage'];
    await mirrorPromotion(deps, (await world.released('run-1')).promotion);
    expect(aws.calls).toEqual(['ListModelPackages', 'CreateModelPackageGroup', ...made]);
    aws.calls.splice(0);
    await mirrorPromotion(deps, (await world.released('run-2')).promotion);
    expect(aws.calls).toEqual(['ListModelPackages', ...made]);
  });

  it('is nowhere unless the signed statements bear the rows out', async () => {
    const { promotion } = await world.released('run-1');
    const [row] = world.releases.rows;
    if (!row) throw new Error('there is no row');
    world.releases.rows[0] = { ...row, release: { ...row.release, environment: 'staging' } };
    await expect(mirrorPromotion(deps, promotion)).rejects.toMatchObject({ code: 'INTEGRITY_FAILURE' });
    expect(aws.calls).toEqual([]);
  });

  it.each([
    ['create', false, []],
    ['create', true, ['PendingManualApproval']],
    ['decide', false, ['PendingManualApproval']],
    ['decide', true, ['Approved']],
  ] as const)('is decided at the next try when the answer to %s is lost (done: %s)', async (name, isDone, left) => {
    const { promotion } = await world.released('run-1');
    losing(name, isDone);
    await expect(mirrorPromotion(deps, promotion)).rejects.toMatchObject({ code: 'DEPENDENCY_UNAVAILABLE' });
    expect(await mirrored()).toEqual(left.map((status) => [promotion, status]));
    await mirrorPromotion(deps, promotion);
    expect(await mirrored()).toEqual([[promotion, 'Approved']]);
  });
});

describe('what is rolled back', () => {
  it('is rejected, and what serves again is approved, in whatever order that is announced', async () => {
    const first = await world.released('run-1');
    const second = await world.released('run-2');
    const back = await world.released('back', 'rollback');
    await mirrorPromotion(deps, back.promotion);
    await mirrorPromotion(deps, second.promotion);
    await mirrorPromotion(deps, first.promotion);
    expect(await mirrored()).toEqual(
      expect.arrayContaining([
        [first.promotion, 'Approved'],
        [second.promotion, 'Rejected'],
      ]),
    );
    expect(await mirrored()).toHaveLength(2);
  });

  it('stays as the newest release has it when it is rolled back while it is mirrored', async () => {
    await world.released('run-1');
    const { promotion } = await world.released('run-2');
    const { decide } = deps.packages;
    let isRolledBack = false;
    deps.packages.decide = async (...decision) => {
      await decide(...decision);
      if (!isRolledBack) await world.released('back', 'rollback');
      isRolledBack = true;
    };
    expect(await mirrorPromotion(deps, promotion)).toEqual({ [promotion]: 'Rejected' });
    expect(await mirrored()).toEqual([[promotion, 'Rejected']]);
  });
});

describe('what is not released', () => {
  it.each([
    ['refused', 'GATE_CLOSED'],
    ['rejected', undefined],
    ['rolled_back', 'taken_back'],
    ['rollback_failed', 'rollback_stuck'],
  ] as const)('is rejected where it is %s: %s', async (state, code) => {
    const id = await ended('run-1', state, code);
    await mirrorPromotion(deps, id);
    expect(await mirrored()).toEqual([[id, 'Rejected']]);
  });

  it.each(['MODEL_NOT_STORED', 'alarm_rings', 'endpoint_lost', 'refused_by_sagemaker', 'instance_type_unknown'])(
    'is not mirrored where it is refused for what is not the model’s: %s',
    async (code) => {
      expect(await mirrorPromotion(deps, await ended('run-1', 'refused', code))).toEqual({});
      expect(aws.calls).toEqual([]);
    },
  );

  it.each(['cancelled', 'superseded', 'expired', 'deploying'] as const)(
    'is not mirrored where it is %s',
    async (state) => {
      const id = await ended('run-1', state);
      expect(await mirrorPromotion(deps, id)).toEqual({});
      expect(aws.calls).toEqual([]);
    },
  );
});
