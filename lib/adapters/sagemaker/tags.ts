import type { Tag } from '@aws-sdk/client-sagemaker';
import { HOSTING_TAG } from '../../contracts/deployment.ts';

export const OURS = { Key: HOSTING_TAG.key, Value: HOSTING_TAG.value } as const;

/** Tags of what we make, for whoever looks at it without us. */
export function tagsOf(about: { readonly promotion?: string; readonly model?: string } = {}): Tag[] {
  return [OURS, ...Object.entries(about).map(([name, Value]) => ({ Key: `countersign:${name}`, Value }))];
}
