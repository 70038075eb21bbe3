import * as z from 'zod/mini';
import { Predicate } from '../../contracts/predicates.ts';
import type { GateAttestation, GateResult, RuleVerdict } from '../gate/input.ts';
import type { Change } from '../promotion.ts';

/** What is compared of an attestation. */
export interface Stated extends Pick<GateAttestation, 'evidence' | 'predicate_type' | 'subjects'> {
  readonly signature: { readonly state: string; readonly role: string | null };
}

/** Of the facts of a gate, what is compared, and what they are about. */
export interface StatedFacts {
  readonly attestations: readonly Stated[];
  /** Digests of the model and of all that it was made from. */
  readonly lineage: { readonly nodes: readonly string[] };
}

export const StatedFactsSchema: z.ZodMiniType<StatedFacts> = z.object({
  lineage: z.object({ nodes: z.array(z.string()) }),
  attestations: z.array(
    z.object({
      evidence: z.string(),
      predicate_type: z.string(),
      subjects: z.array(z.string()),
      signature: z.object({ state: z.string(), role: z.nullable(z.string()) }),
    }),
  ),
});

/** What people approve on: the evidence, what the policies said of it, and which policies those are. */
export interface Approvable {
  readonly attestations: readonly Stated[];
  readonly result: GateResult;
  /** By the digest of their bundles: the main one, and those beside it that decide. */
  readonly policies: readonly string[];
}

/** What a rule says that is asked in the other phase only: policies/gate.rego. */
const ELSEWHEN: ReadonlySet<string> = new Set(['asked_at_release', 'asked_at_request']);

/**
 * What people had relied on and that is otherwise now, each once. A scan that is newer, a further test by somebody who said
 * nothing before, an approval or a waiver is no change by itself: the verdicts tell whether it matters.
 */
export function changesSince(before: Approvable, now: Approvable): readonly Change[] {
  return [
    ...attestationChanges(before.attestations, now.attestations),
    ...policyChanges(before.policies, now.policies),
    ...verdictChanges(before.result.verdicts, now.result.verdicts),
  ];
}

function attestationChanges(before: readonly Stated[], now: readonly Stated[]): readonly Change[] {
  const known = new Map(before.map((one) => [one.evidence, one]));
  const standing = new Map(now.map((one) => [one.evidence, one]));
  const changes: Change[] = [];
  for (const one of before) {
    const after = standing.get(one.evidence);
    if (after) {
      if (after.signature.state !== one.signature.state) changes.push(change('signature_changed', one));
    } else if (!isScan(one))
      changes.push(change(isConsent(one) ? 'consent_or_review_changed' : 'attestation_gone', one));
  }
  for (const one of now) {
    if (known.has(one.evidence) || isScan(one)) continue;
    const earlier = before.some((other) => supersedes(one, other));
    // Consent that is withdrawn, by whomever, is said anew; nothing earlier need be of the same role.
    if (isConsent(one)) changes.push(change('consent_or_review_changed', one));
    else if (earlier) changes.push(change('attestation_superseded', one));
  }
  return changes;
}

const change = (code: Change['code'], { evidence }: Stated): Change => ({ code, about: evidence });

/** Scans come daily; a newer one takes the place of the one before. */
const isScan = ({ predicate_type }: Stated): boolean => predicate_type === Predicate.vulns;

/** Consent, privacy review, encryption at rest. */
const isConsent = ({ predicate_type }: Stated): boolean => predicate_type === Predicate.scai;

/** Whether the same role says the same kind of thing about the same. */
function supersedes(one: Stated, other: Stated): boolean {
  return (
    one.predicate_type === other.predicate_type &&
    one.signature.role === other.signature.role &&
    one.subjects.some((subject) => other.subjects.includes(subject))
  );
}

function policyChanges(before: readonly string[], now: readonly string[]): readonly Change[] {
  const both = new Set(before).intersection(new Set(now));
  const changed = [...new Set([...before, ...now])].filter((policy) => !both.has(policy));
  return changed.map((about) => ({ code: 'policy_changed', about }));
}

/** Of the rules that both times were asked. */
function verdictChanges(before: readonly RuleVerdict[], now: readonly RuleVerdict[]): readonly Change[] {
  const elsewhen = new Set([...before, ...now].filter(isAskedElsewhen).map(({ rule }) => rule));
  const [then, after] = [before, now].map((list) => new Map(list.map(({ rule, verdict }) => [rule, verdict])));
  return [...new Set([...before, ...now].map(({ rule }) => rule))]
    .filter((rule) => !elsewhen.has(rule) && then?.get(rule) !== after?.get(rule))
    .map((about) => ({ code: 'verdict_changed', about }));
}

function isAskedElsewhen({ reasons }: RuleVerdict): boolean {
  return reasons.some(({ code }) => ELSEWHEN.has(code));
}
