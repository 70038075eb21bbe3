import { releaser, releaserDeps } from '../lib/runtime/releaser.ts';

/** Invoked by the state machine of promotions; nobody else may. */
export const handler = releaser(releaserDeps());
