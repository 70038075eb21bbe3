import * as z from 'zod/mini';
import { Predicate } from '../../../contracts/predicates.ts';
import type { GateInput } from '../../gate/input.ts';
import type { Manifest } from '../../manifest.ts';
import type { Assertion, DatasetView, NamedDigest } from '../../pages/model.ts';
import { type Said, saidIn } from './attestations.ts';

const ConditionsSchema = z.looseObject({
  approved: z.optional(z.unknown()),
  granted: z.optional(z.unknown()),
  withdrawn: z.optional(z.unknown()),
  personal_data: z.optional(z.unknown()),
});
const ReportSchema = z.looseObject({
  attributes: z.array(
    z.looseObject({
      attribute: z.string(),
      target: z.optional(
        z.nullable(z.looseObject({ digest: z.optional(z.looseObject({ sha256: z.optional(z.string()) })) })),
      ),
      conditions: z.optional(ConditionsSchema),
    }),
  ),
});
type Report = z.output<typeof ReportSchema>;
type Attribute = Report['attributes'][number];

/** What was asserted of the data that the model rests on: the sources, as the rule asks about them, and what is spoken of. */
export function datasetViews(
  { attestations, lineage, model }: GateInput,
  manifests: readonly Said<Manifest>[],
  nameOf: (sha256: string) => NamedDigest,
): readonly DatasetView[] {
  const reports = saidIn(attestations, Predicate.scai, ReportSchema);
  const made = new Set(lineage.edges.map(({ to }) => to));
  const ingested = new Set(manifests.flatMap(({ stage, outputs }) => (stage === 'ingest' ? outputs : [])));
  const sources = lineage.nodes.filter((node) => node !== model.sha256 && (!made.has(node) || ingested.has(node)));
  return sources.map((sha256) => {
    const ofDataset = { reports, sha256 };
    const holds = statedOf(ofDataset).map(({ conditions }) => conditions?.personal_data);
    return {
      ...nameOf(sha256),
      personalData: holds.includes(true) ? true : holds.includes(false) ? false : null,
      consent: assertionOf(ofDataset, 'DATASET_CONSENT'),
      privacyReview: assertionOf(ofDataset, 'PRIVACY_REVIEWED'),
    };
  });
}

interface OfDataset {
  readonly reports: readonly Said<Report>[];
  readonly sha256: string;
}

function statedOf({ reports, sha256 }: OfDataset): readonly (Attribute & { readonly report: Said<Report> })[] {
  return reports.flatMap((report) =>
    report.predicate.attributes
      .filter((attribute) => isAbout(report, attribute, sha256))
      .map((attribute) => ({ ...attribute, report })),
  );
}

/** An assertion with a target is about the target, if the report is about it too; any other about all that the report is. */
function isAbout({ subjects }: Said<Report>, { target }: Attribute, sha256: string): boolean {
  return subjects.includes(sha256) && (target == null || target.digest?.sha256 === sha256);
}

/** The newest of each signer counts, and one no among them is a no, as policies/lib/assertions.rego hears them. */
function assertionOf(of: OfDataset, attribute: string): Assertion {
  const newest = new Map(
    statedOf(of)
      .filter((one) => one.attribute === attribute)
      .map((one) => [one.report.principal, one] as const),
  );
  const said = [...newest.values()];
  const heard = said.find(({ conditions }) => stateOf(conditions) !== 'granted') ?? said.at(-1);
  if (!heard) return { state: 'unstated', by: null, at: null, evidence: null };
  const { principal, received_at, evidence } = heard.report;
  return { state: stateOf(heard.conditions), by: principal, at: received_at, evidence };
}

function stateOf({
  approved = true,
  granted = true,
  withdrawn = false,
}: Attribute['conditions'] = {}): Assertion['state'] {
  if (withdrawn !== false) return 'withdrawn';
  return approved === true && granted === true ? 'granted' : 'denied';
}
