import { SageMakerClient } from '@aws-sdk/client-sagemaker';
import * as z from 'zod/mini';
import { dynamoGateLedger } from '../adapters/dynamodb/gate-ledger.ts';
import { dynamoPromotions } from '../adapters/dynamodb/promotions.ts';
import { dynamoReleases } from '../adapters/dynamodb/releases.ts';
import { s3EvidenceStore } from '../adapters/s3/evidence-store.ts';
import { sagemakerPackages } from '../adapters/sagemaker/packages.ts';
import { type MirrorDeps, mirrorPromotion } from '../app/promotion/mirror.ts';
import { EVENT_SOURCE } from '../contracts/announcements.ts';
import { Env } from '../contracts/env.ts';
import { Sha256Schema } from '../core/digest.ts';
import { clientConfig, log, s3, tableConfig, tables } from './composition.ts';
import { required, retention } from './environment.ts';
import { logger } from './http.ts';

export function modelMirrorDeps(): MirrorDeps {
  const config = tableConfig();
  const workflow = [config.client, required(Env.WORKFLOW_TABLE)] as const;
  const bucket = required(Env.EVIDENCE_BUCKET);
  return {
    store: s3EvidenceStore({ client: s3(), bucket, mode: retention().mode }),
    ledger: dynamoGateLedger(config),
    registry: tables(config).registry,
    promotions: dynamoPromotions(...workflow),
    releases: dynamoReleases(...workflow),
    packages: sagemakerPackages(new SageMakerClient(clientConfig()), required(Env.STAGE)),
    prefix: required(Env.PACKAGE_GROUP_PREFIX),
    bucket,
    log,
  };
}

/** What EventBridge hands over. It only says which promotion to look at: what is mirrored comes from our own records. */
const EventSchema = z.looseObject({
  source: z.literal(EVENT_SOURCE),
  detail: z.looseObject({ data: z.looseObject({ promotion: Sha256Schema }) }),
});

export async function mirrorAnnounced(deps: MirrorDeps, event: unknown): Promise<object> {
  const { promotion } = EventSchema.parse(event).detail.data;
  const decided = await mirrorPromotion(deps, promotion);
  logger.info('mirrored', { promotion, decided });
  return decided;
}
