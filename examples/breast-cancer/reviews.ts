import { writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { DATASET, FILES } from './pipeline.ts';
import type { Scene } from './scene.ts';

/** What the privacy officer asserts of the data set, and the document that says why. */
const REVIEWS = [
  {
    attribute: 'DATASET_CONSENT',
    grounds: join(import.meta.dirname, 'reviews', 'data-licence.md'),
    conditions: { licence: 'CC-BY-4.0', use: 'demonstration' },
  },
  {
    attribute: 'PRIVACY_REVIEWED',
    grounds: join(import.meta.dirname, 'reviews', 'privacy-review.md'),
    conditions: { use: 'demonstration' },
  },
] as const;

type Review = (typeof REVIEWS)[number];

export const REVIEW_DOCUMENTS = REVIEWS.map(({ grounds }) => grounds);

/** @returns digests of the evidence */
export async function reviewDataset(scene: Scene): Promise<string[]> {
  const evidence: string[] = [];
  for (const review of REVIEWS) {
    const predicate = writePredicate(scene, review);
    const reviewed = await scene.attest(
      'review',
      'privacy-officer',
      (officer) => officer.json(...attestReview(predicate)),
      () => `${review.attribute} of the data set`,
    );
    evidence.push(reviewed);
  }
  return evidence;
}

/** Arguments of `countersign` that attest a review. */
export function attestReview(predicate: string): string[] {
  return ['attest', '--predicate', predicate, '--type', 'scai', '--subject', DATASET];
}

/** SCAI: the assertion, the digest of what it is about, and the digest of its grounds. @returns the file's name */
function writePredicate(scene: Scene, { attribute, grounds, conditions }: Review): string {
  const target = { name: FILES.dataset, digest: { sha256: scene.digest(FILES.dataset) } };
  const evidence = { name: basename(grounds), digest: { sha256: scene.digest(grounds) }, mediaType: 'text/markdown' };
  const file = `${attribute.toLowerCase()}.scai.json`;
  const predicate = { attributes: [{ attribute, target, conditions, evidence }] };
  writeFileSync(scene.path(file), `${JSON.stringify(predicate, null, 2)}\n`);
  return file;
}
