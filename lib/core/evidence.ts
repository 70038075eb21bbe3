import type { Environment, Stage } from '../contracts/predicates.ts';
import type { ShadowLine } from './gate/shadow.ts';
import { lookup, stageOrder, timeOrder } from './layout.ts';
import type { Flag } from './registry.ts';
import type { Content, SubmissionForm } from './submission.ts';

/** Bytes up to this size also lie in the evidence item, so that a gate re-verifies from one batch read. */
export const MAX_INLINE_BYTES = 32 * 1024;

/** Each line repeats it. A scan by a scanner of a longer name takes no other's place. */
const MAX_SCANNER = 256;

/** One piece of stored evidence, as the index knows it. */
export interface EvidenceRecord {
  readonly sha256: string;
  readonly kind: 'attestation' | 'artifact' | 'event';
  readonly form: SubmissionForm | 'artifact' | 'event';
  readonly media_type: string;
  readonly size: number;
  readonly received_at: string;
  readonly principal: string;
  readonly statement_identity?: string;
  readonly predicate_type?: string;
  readonly keyid?: string;
  readonly key_revision?: number;
  readonly environment: Environment;
  readonly stage?: Stage;
  readonly run_id?: string;
  readonly flags: readonly Flag[];
  readonly object_key: string;
  readonly version_id: string;
  readonly retain_until: string;
  /** The receipt's Sigstore bundle, canonical JSON. An event is signed by the control plane itself and has none. */
  readonly receipt?: string;
  readonly receipt_version_id?: string;
  readonly evidence_keyid: string;
  /** Id of the KMS Sign request that made the receipt's (or the event's) signature: finds it in CloudTrail. */
  readonly kms_request_id: string;
  /** The stored bytes, up to {@link MAX_INLINE_BYTES}. */
  readonly inline?: Uint8Array;
}

/** One line of a look-up: enough to list it, to follow its lineage, and to fetch the rest. */
export interface IndexEntry {
  readonly pk: string;
  readonly sk: string;
  readonly evidence: string;
  readonly predicate_type?: string;
  readonly received_at: string;
  readonly principal: string;
  readonly stage?: Stage;
  readonly run_id?: string;
  readonly environment?: Environment;
  readonly flags: readonly Flag[];
  /** The part that the looked-up digest plays in this evidence; only under a digest. */
  readonly part?: 'output' | 'input' | 'mention';
  /** Of an output: what went in. Of an input: what came out. */
  readonly linked?: readonly string[];
  readonly attributes?: readonly string[];
  readonly result?: string;
  /** Of a decision that a shadow saw; only under the shadow's policy. */
  readonly shadow?: ShadowLine;
  /** URI of the scanner, of a scan. */
  readonly scanner?: string;
}

type Indexed = Pick<EvidenceRecord, 'sha256' | 'received_at' | 'principal' | 'environment' | 'flags'>;

/** An artifact has no predicate. */
type Indexable = Omit<Content, 'predicateType' | 'predicate'> & { readonly predicateType: string | undefined };

/** Every look-up line of one attestation: by run, commit, name of model, principal and day, and each digest that it speaks of. */
export function indexEntries(record: Indexed, content: Indexable): IndexEntry[] {
  const stage = content.manifest?.stage;
  const runId = content.runIds[0];
  const common = {
    evidence: record.sha256,
    ...(content.predicateType === undefined ? {} : { predicate_type: content.predicateType }),
    received_at: record.received_at,
    principal: record.principal,
    environment: record.environment,
    flags: record.flags,
    ...(stage === undefined ? {} : { stage }),
    ...(runId === undefined ? {} : { run_id: runId }),
    ...(content.attributes.length === 0 ? {} : { attributes: content.attributes }),
    ...(content.result === undefined ? {} : { result: content.result }),
    ...(content.scanner === undefined || content.scanner.length > MAX_SCANNER ? {} : { scanner: content.scanner }),
  };
  const byTime = timeOrder(record.received_at, record.sha256);
  const inputs = new Set(content.inputs);
  const outputs = new Set(content.outputs);
  return [
    ...content.runIds.map((id) => ({
      ...common,
      pk: lookup.run(id),
      sk: stageOrder(stage, record.received_at, record.sha256),
    })),
    ...content.forModels.map((name) => ({ ...common, pk: lookup.forModels(name), sk: byTime })),
    ...content.commits.map((commit) => ({ ...common, pk: lookup.commit(commit), sk: byTime })),
    { ...common, pk: lookup.principalDay(record.principal, record.received_at.slice(0, 10)), sk: byTime },
    ...content.mentions.map((digest): IndexEntry => {
      const entry = { ...common, pk: lookup.digest(digest), sk: byTime };
      if (outputs.has(digest)) return { ...entry, part: 'output', linked: content.inputs };
      if (inputs.has(digest)) return { ...entry, part: 'input', linked: content.outputs };
      return { ...entry, part: 'mention' };
    }),
  ];
}

/**
 * The look-up lines of what the control plane states itself: by who had it stated and the day, and by what it is about. A gate
 * reads none of them.
 *
 * @param about - digests
 */
export function ownEntries(
  record: Indexed & Pick<EvidenceRecord, 'predicate_type'>,
  about: readonly string[],
  result?: string,
): IndexEntry[] {
  const { sha256: evidence, predicate_type, received_at, principal, environment, flags } = record;
  const common = {
    evidence,
    ...(predicate_type === undefined ? {} : { predicate_type }),
    received_at,
    principal,
    environment,
    flags,
    ...(result === undefined ? {} : { result }),
  };
  const sk = timeOrder(received_at, evidence);
  return [
    { ...common, pk: lookup.principalDay(principal, received_at.slice(0, 10)), sk },
    ...about.map((digest): IndexEntry => ({ ...common, pk: lookup.decisions(digest), sk, part: 'mention' })),
  ];
}
