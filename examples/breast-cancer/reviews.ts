import { writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { DATASET, FILES } from './pipeline.ts';
import type { Attestation, Scene } from './scene.ts';

/** What the privacy officer asserts of the data set, and the document that says why. */
const REVIEWS = [
  {
    name: 'licence review',
    attribute: 'DATASET_CONSENT',
    grounds: join(import.meta.dirname, 'reviews', 'data-licence.md'),
    conditions: { licence: 'CC-BY-4.0', use: 'demonstration' },
  },
  {
    name: 'privacy review',
    attribute: 'PRIVACY_REVIEWED',
    grounds: join(import.meta.dirname, 'reviews', 'privacy-review.md'),
    conditions: { use: 'demonstration' },
  },
] as const;

type Review = (typeof REVIEWS)[number];

export const REVIEW_DOCUMENTS = REVIEWS.map(({ grounds }) => grounds);

/** The privacy officer signs both. */
export async function reviewDataset(scene: Scene): Promise<Attestation[]> {
  const reviews: Attestation[] = [];
  for (const review of REVIEWS) {
    const args = attestReview(writePredicate(scene, review));
    const told = () => `${review.attribute} of the data set`;
    reviews.push(await scene.attest(review.name, 'privacy-officer', args, told));
  }
  return reviews;
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
