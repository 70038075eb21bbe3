import type { Tag } from '@aws-sdk/client-sagemaker';
import { ENVIRONMENT_TAG, hostingTag } from '../../contracts/deployment.ts';
import type { EndpointMarks } from '../../core/deployment.ts';

/** Tags of what a stage makes, for whoever looks at it without us. */
export function tagsOf(
  stage: string,
  about: { readonly promotion?: string; readonly model?: string; readonly environment?: string } = {},
): Tag[] {
  const { key: Key, value: Value } = hostingTag(stage);
  return [
    { Key, Value },
    ...Object.entries(about).map(([name, said]) => ({ Key: `countersign:${name}`, Value: said })),
  ];
}

export function marksIn(stage: string, tags: readonly Tag[]): EndpointMarks {
  const { key, value } = hostingTag(stage);
  return {
    isOurs: tags.some(({ Key, Value }) => Key === key && Value === value),
    environment: tags.find(({ Key }) => Key === ENVIRONMENT_TAG)?.Value,
  };
}
