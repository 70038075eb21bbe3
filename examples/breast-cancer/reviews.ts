import { join } from 'node:path';
import { DATASET, FILES } from './pipeline.ts';
import { assertion, writeScai } from './scai.ts';
import type { Attestation, Scene } from './scene.ts';

/** What the privacy officer asserts of the data set, and the document that says why. */
const REVIEWS = [
  {
    name: 'licence review',
    attribute: 'DATASET_CONSENT',
    grounds: join(import.meta.dirname, 'reviews', 'data-licence.md'),
    conditions: { licence: 'CC-BY-4.0', use: 'demonstration', personal_data: false },
  },
  {
    name: 'privacy review',
    attribute: 'PRIVACY_REVIEWED',
    grounds: join(import.meta.dirname, 'reviews', 'privacy-review.md'),
    conditions: { use: 'demonstration', personal_data: false },
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

/** @returns the file's name */
function writePredicate(scene: Scene, { attribute, grounds, conditions }: Review): string {
  return writeScai(scene, `${attribute.toLowerCase()}.scai.json`, [
    assertion(scene, { attribute, about: FILES.dataset, conditions, grounds }),
  ]);
}
