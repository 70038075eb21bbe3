import type { Signatory } from './enrol.ts';
import { FILES, THRESHOLDS } from './pipeline.ts';
import { REVIEW_DOCUMENTS } from './reviews.ts';
import { receiptOf, type Scene } from './scene.ts';

export interface Stored {
  readonly file: string;
  readonly receipt: string;
}

/** Whatever the manifests and reviews speak of, uploaded by who made it. */
export async function storeArtifacts(scene: Scene): Promise<Stored[]> {
  const made: Readonly<Record<Signatory, readonly string[]>> = {
    'training-pipeline': [FILES.dataset, FILES.train, FILES.holdout, FILES.model],
    'evaluation-pipeline': [THRESHOLDS, FILES.report, FILES.testResult, FILES.card],
    'privacy-officer': REVIEW_DOCUMENTS,
  };
  return await scene.step(
    'artifacts',
    async () => {
      const stored: Stored[] = [];
      for (const name of ['training-pipeline', 'evaluation-pipeline', 'privacy-officer'] as const) {
        for (const file of made[name]) {
          const receipt = receiptOf(file);
          await scene.signatories[name].countersign('artifact', 'put', file, '--receipt', receipt);
          stored.push({ file, receipt });
        }
      }
      return stored;
    },
    (stored) => `${stored.length} files are kept by their digests`,
  );
}
