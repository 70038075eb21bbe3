import { SIGNATORIES, type Signatory } from './enrol.ts';
import { FILES, THRESHOLDS } from './pipeline.ts';
import { REVIEW_DOCUMENTS } from './reviews.ts';
import { receiptOf, type Scene } from './scene.ts';

export interface Stored {
  readonly file: string;
  readonly receipt: string;
}

/** Files by who made them. */
type Made = Readonly<Partial<Record<Signatory, readonly string[]>>>;

/** Whatever the manifests and reviews speak of. */
export const OF_THE_PIPELINE: Made = {
  'training-pipeline': [FILES.dataset, FILES.train, FILES.holdout, FILES.model],
  'model-owner': [THRESHOLDS],
  'evaluation-pipeline': [FILES.report, FILES.testResult, FILES.card],
  'privacy-officer': REVIEW_DOCUMENTS,
};

/** Uploads files, each by who made it. */
export async function storeArtifacts(scene: Scene, name: string, made: Made): Promise<Stored[]> {
  return await scene.step(
    name,
    async () => {
      const stored: Stored[] = [];
      for (const maker of SIGNATORIES) {
        for (const file of made[maker] ?? []) {
          const receipt = receiptOf(file);
          await scene.signatories[maker].countersign('artifact', 'put', file, '--receipt', receipt);
          stored.push({ file, receipt });
        }
      }
      return stored;
    },
    (stored) => `${stored.length} files are kept by their digests`,
  );
}
