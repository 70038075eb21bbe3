import * as z from 'zod/mini';
import { parseWith } from '../schema.ts';
import { NO_FACTS, type ValidatedPredicate } from './facts.ts';
import { JsonMap, optional, Text, Timestamp, Uri } from './fields.ts';

const Vulnerability = z.looseObject({
  id: Text,
  severity: z.array(z.looseObject({ method: Text, score: Text })),
  annotations: optional(z.array(JsonMap)),
});

/** Vulnerabilities v0.2 (in-toto attestation, spec/predicates/vulns_02.md). An empty result says that none was found. */
const Vulns = z.looseObject({
  scanner: z.looseObject({
    uri: Uri,
    version: optional(z.string()),
    db: z.looseObject({ uri: optional(Uri), version: optional(z.string()), lastUpdate: Timestamp }),
    result: z.array(Vulnerability),
  }),
  metadata: z.looseObject({ scanStartedOn: Timestamp, scanFinishedOn: Timestamp }),
});

/** The predicate names no digests: what was scanned is the subject. */
export function validateVulns(predicate: unknown): ValidatedPredicate {
  const { scanner } = parseWith(Vulns, predicate, 'PREDICATE_INVALID', '/predicate');
  return { ...NO_FACTS, scanner: scanner.uri };
}
