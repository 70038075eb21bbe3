import { type EvidenceRecord, type IndexEntry, indexEntries } from '../../lib/core/evidence.ts';
import { lookup } from '../../lib/core/layout.ts';
import type { Content } from '../../lib/core/submission.ts';
import { digestOf } from '../producer.ts';

/** A piece of evidence that the intake has really made; the others are made from it, so that they are as large. */
export interface Template {
  readonly record: EvidenceRecord;
  readonly content: Content;
}

/** A run is over after so many pieces of evidence; runs become more, not longer. */
const RECORDS_PER_RUN = 100;
/** A day of one principal likewise. */
const RECORDS_PER_DAY = 1000;
/** Every tenth piece of evidence speaks of one model, and as many of one commit: these two grow with the table. */
const HOT_EVERY = 10;

const HOT_MODEL = digestOf('the model that everything is said about');
const HOT_COMMIT = digestOf('the commit that everything was run from').slice(0, 40);
const FIRST_DAY = Date.UTC(2026, 0, 1);
const DAY_MS = 24 * 60 * 60 * 1000;

/** The partitions whose pages are compared; each is full from 1,000 records on. */
export const PATTERNS = {
  run: lookup.run(runOf(0)),
  model: lookup.digest(HOT_MODEL),
  commit: lookup.commit(HOT_COMMIT),
  'principal-day': lookup.principalDay('training-pipeline', new Date(FIRST_DAY).toISOString().slice(0, 10)),
} as const;

export const evidenceId = (index: number): string => digestOf(`evidence ${index}`);
export const statementId = (index: number): string => digestOf(`statement ${index}`);
/** Unique id of a role, in AWS's form. */
export const callerId = (index: number): string => `AROA${digestOf(`caller ${index}`).slice(0, 17).toUpperCase()}`;

/** The evidence that stands at `index` in a table, with its look-up lines. Always the same for the same index. */
export function recordAt(
  template: Template,
  index: number,
): { readonly record: EvidenceRecord; readonly entries: readonly IndexEntry[] } {
  const runId = runOf(index);
  const model = index % HOT_EVERY === 0 ? HOT_MODEL : digestOf(`model ${index}`);
  const commit = index % HOT_EVERY === 0 ? HOT_COMMIT : digestOf(`commit ${index}`).slice(0, 40);
  const inputs = [digestOf(`dataset ${index}`)];
  const record: EvidenceRecord = {
    ...template.record,
    sha256: evidenceId(index),
    statement_identity: statementId(index),
    run_id: runId,
    received_at: new Date(FIRST_DAY + (index * DAY_MS) / RECORDS_PER_DAY).toISOString(),
  };
  const content: Content = {
    ...template.content,
    inputs,
    outputs: [model],
    mentions: [model, ...inputs],
    commits: [commit],
    runIds: [runId],
  };
  return { record, entries: indexEntries(record, content) };
}

function runOf(index: number): string {
  return `growth-run-${Math.floor(index / RECORDS_PER_RUN)}`;
}
