import { Predicate, type SubmittablePredicate } from '../../contracts/predicates.ts';
import { DomainError } from '../errors.ts';
import { validateModelSigning } from '../model-signing.ts';
import type { Subject } from '../statement.ts';
import { validateCycloneDx } from './cyclonedx.ts';
import type { ValidatedPredicate } from './facts.ts';
import { validateScai } from './scai.ts';
import { validateSlsaProvenance } from './slsa-provenance.ts';
import { validateSlsaVsa } from './slsa-vsa.ts';
import { validateTestResult } from './test-result.ts';
import { validateVulns } from './vulns.ts';

type Validator = (predicate: unknown, subject: readonly Subject[]) => ValidatedPredicate | Promise<ValidatedPredicate>;

/** A manifest is not here: it has more to say than {@link ValidatedPredicate} and a reader of its own. */
type ValidatedType = Exclude<SubmittablePredicate, typeof Predicate.manifest>;

const VALIDATORS: Readonly<Record<ValidatedType, Validator>> = {
  [Predicate.slsaProvenance]: validateSlsaProvenance,
  [Predicate.slsaVsa]: validateSlsaVsa,
  [Predicate.scai]: validateScai,
  [Predicate.testResult]: validateTestResult,
  [Predicate.vulns]: validateVulns,
  [Predicate.cyclonedx]: validateCycloneDx,
  [Predicate.modelSigning]: validateModelSigning,
};

/**
 * Holds a predicate against the specification of its type.
 *
 * @param subject - of the statement; OpenSSF Model Signing binds its predicate to it
 * @throws DomainError PREDICATE_UNSUPPORTED; PREDICATE_INVALID or DIGEST_INVALID with a pointer into the statement
 */
export async function validatePredicate(
  predicateType: string,
  predicate: unknown,
  subject: readonly Subject[],
): Promise<ValidatedPredicate> {
  if (!isValidated(predicateType)) {
    throw new DomainError('PREDICATE_UNSUPPORTED', `${predicateType} is not a predicate type that is accepted here`, {
      pointer: '/predicateType',
      hint: `accepted: ${Object.keys(VALIDATORS).join(', ')}`,
    });
  }
  return await VALIDATORS[predicateType](predicate, subject);
}

function isValidated(predicateType: string): predicateType is ValidatedType {
  return Object.hasOwn(VALIDATORS, predicateType);
}

export type { ValidatedPredicate } from './facts.ts';
