import { createHash } from 'node:crypto';
import { PromotionError } from '../../contracts/promotion.ts';
import type { ArtifactStore, Ledger } from '../ports.ts';
import { PromotionFailure } from './failure.ts';
import { honourAbort, noteFailure, type PromotionStateDeps, requirePromotion } from './state.ts';

export interface VerifyModelDeps extends PromotionStateDeps {
  readonly ledger: Pick<Ledger, 'findArtifact'>;
  readonly artifacts: Pick<ArtifactStore, 'stream'>;
}

/**
 * Reads every byte of the stored model and compares the digest. What S3 keeps of its own checksum is not taken for it: it was
 * made when the bytes came, and of a model that came in parts there is none.
 *
 * @throws PromotionFailure when the model is not stored, or is another
 */
export async function verifyModel(deps: VerifyModelDeps, id: string): Promise<void> {
  const promotion = await requirePromotion(deps.promotions, id);
  honourAbort(promotion);
  const fault = await faultOf(deps, promotion.model);
  if (!fault) return;
  await noteFailure(deps, promotion, fault);
  throw fault;
}

async function faultOf({ ledger, artifacts }: VerifyModelDeps, model: string): Promise<PromotionFailure | undefined> {
  const record = await ledger.findArtifact(model);
  if (!record) {
    const message = 'the model is not stored: `countersign artifact put model.tar.gz` stores it';
    return new PromotionFailure(PromotionError.deploymentRefused, 'MODEL_NOT_STORED', message);
  }
  const hash = createHash('sha256');
  for await (const chunk of await artifacts.stream(model, record.version_id, 0, record.size)) hash.update(chunk);
  const actual = hash.digest('hex');
  if (actual === model) return undefined;
  return new PromotionFailure(
    PromotionError.integrity,
    PromotionError.integrity,
    `the stored model has the digest ${actual}`,
  );
}
