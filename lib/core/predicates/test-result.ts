import * as z from 'zod/mini';
import { parseWith } from '../schema.ts';
import { facts, type ValidatedPredicate } from './facts.ts';
import { optional, ResourceDescriptor, Uri } from './fields.ts';

const TestNames = optional(z.array(z.string()));

/** Test result v0.1 (in-toto attestation, spec/predicates/test-result.md). */
const TestResult = z.looseObject({
  result: z.enum(['PASSED', 'WARNED', 'FAILED']),
  configuration: z.array(ResourceDescriptor),
  url: optional(Uri),
  passedTests: TestNames,
  warnedTests: TestNames,
  failedTests: TestNames,
});

export function validateTestResult(predicate: unknown): ValidatedPredicate {
  const { result, configuration } = parseWith(TestResult, predicate, 'PREDICATE_INVALID', '/predicate');
  return facts({ mentions: configuration, result });
}
