import type { Sha256 } from '../digest.ts';
import { RunIdSchema } from '../manifest.ts';
import type { ResourceDescriptor } from './fields.ts';

/** What the index and the rules need of a predicate, whatever its type. Lists hold no duplicates. */
export interface ValidatedPredicate {
  /** What the subject was made from. */
  readonly inputs: readonly Sha256[];
  /** What was made beside the subject. */
  readonly outputs: readonly Sha256[];
  /** Anything else that is spoken of: evidence, configuration, targets. */
  readonly mentions: readonly Sha256[];
  /** SCAI attributes that are asserted, all of them: a key's authority is checked against this list. */
  readonly attributes: readonly string[];
  /** PASSED, WARNED or FAILED, of a test result or a verification summary. */
  readonly result?: string;
  /** Git commits, full length. */
  readonly commits: readonly string[];
  /** Runs that a look-up by run can name. */
  readonly runIds: readonly string[];
  /** Names of models that something is asserted for, as manifests call them. */
  readonly forModels?: readonly string[];
  /** URI of the scanner, of a scan. */
  readonly scanner?: string;
}

/** Of a predicate that says nothing which is indexed. */
export const NO_FACTS: ValidatedPredicate = {
  inputs: [],
  outputs: [],
  mentions: [],
  attributes: [],
  commits: [],
  runIds: [],
};

/** Parts of {@link ValidatedPredicate} that a predicate has; what is left out is empty. */
interface Facts {
  readonly inputs?: readonly ResourceDescriptor[] | undefined;
  readonly outputs?: readonly ResourceDescriptor[] | undefined;
  readonly mentions?: readonly (ResourceDescriptor | undefined)[] | undefined;
  readonly attributes?: readonly string[];
  readonly result?: string;
  readonly runId?: string | undefined;
}

/** Takes digests and commits out of resource descriptors. */
export function facts({ inputs = [], outputs = [], mentions = [], attributes = [], result, runId }: Facts) {
  const mentioned = mentions.filter((descriptor) => descriptor !== undefined);
  return {
    inputs: digests(inputs, 'sha256'),
    outputs: digests(outputs, 'sha256'),
    mentions: digests(mentioned, 'sha256'),
    attributes: [...new Set(attributes)],
    ...(result === undefined ? {} : { result }),
    commits: digests([...inputs, ...outputs, ...mentioned], 'gitCommit'),
    // A run that no path of GET /v1/runs/{run_id} could name is no use to the index.
    runIds: runId !== undefined && RunIdSchema.safeParse(runId).success ? [runId] : [],
  } satisfies ValidatedPredicate;
}

function digests(descriptors: readonly ResourceDescriptor[], algorithm: 'sha256' | 'gitCommit'): string[] {
  return [...new Set(descriptors.flatMap(({ digest }) => digest?.[algorithm] ?? []))];
}
