import * as z from 'zod/mini';
import { Predicate } from '../contracts/predicates.ts';
import { DomainError } from './errors.ts';
import type { Judged } from './gate/attestation.ts';
import { parseWith } from './schema.ts';

/** What a test result may say beside its result: how much of the rules its tests reached. */
const ConfigurationSchema = z.looseObject({
  configuration: z.array(
    z.looseObject({
      annotations: z.optional(
        z.looseObject({
          coverage_percent: z.optional(z.number().check(z.minimum(0), z.maximum(100))),
        }),
      ),
    }),
  ),
});

export interface PolicyTest {
  /** Registered name of who attested it. */
  readonly by: string;
  /** In percent; the least that is stated, null where nothing is. */
  readonly coverage: number | null;
}

/**
 * What a test result comes to that was verified again.
 *
 * @param sha256 - of the policy bundle
 * @param judged - undefined when there is no such attestation
 * @throws DomainError POLICY_TEST_INVALID when it is no passed test of this bundle, or not to be believed
 */
export function policyTest(sha256: string, judged: Judged | undefined): PolicyTest {
  const { attestation, content } = judged ?? {};
  if (!attestation || !content) {
    throw invalid(`it is ${attestation?.signature.state ?? 'no attestation'}, and proves nothing`);
  }
  if (content.predicateType !== Predicate.testResult) throw invalid(`it is a ${content.predicateType}`);
  if (!content.subjects.some(({ digest }) => digest.sha256 === sha256)) throw invalid('it is about something else');
  if (content.result !== 'PASSED') throw invalid(`its result is ${content.result}`);
  const { configuration } = parseWith(ConfigurationSchema, content.predicate, 'POLICY_TEST_INVALID', '/predicate');
  const stated = configuration.flatMap(({ annotations }) => annotations?.coverage_percent ?? []);
  return { by: attestation.principal, coverage: stated.length === 0 ? null : Math.min(...stated) };
}

function invalid(reason: string): DomainError {
  return new DomainError(
    'POLICY_TEST_INVALID',
    `the evidence is no signed test result that passed this policy: ${reason}`,
    {
      pointer: '/evidence',
      hint: '`countersign attest --type test-result` with the policy bundle as its subject',
    },
  );
}
