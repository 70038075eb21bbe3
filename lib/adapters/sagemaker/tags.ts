import type { Tag } from '@aws-sdk/client-sagemaker';
import { ENVIRONMENT_TAG, HOSTING_TAG } from '../../contracts/deployment.ts';
import type { EndpointMarks } from '../../core/deployment.ts';

export const OURS = { Key: HOSTING_TAG.key, Value: HOSTING_TAG.value } as const;

/** Tags of what we make, for whoever looks at it without us. */
export function tagsOf(about: {
  readonly promotion?: string;
  readonly model?: string;
  readonly environment?: string;
}): Tag[] {
  return [OURS, ...Object.entries(about).map(([name, Value]) => ({ Key: `countersign:${name}`, Value }))];
}

export function marksIn(tags: readonly Tag[]): EndpointMarks {
  return {
    isOurs: tags.some(({ Key, Value }) => Key === OURS.Key && Value === OURS.Value),
    environment: tags.find(({ Key }) => Key === ENVIRONMENT_TAG)?.Value,
  };
}
