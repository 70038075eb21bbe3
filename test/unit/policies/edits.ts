import type { GateAttestation, GateInput, SignatureState } from '../../../lib/core/gate/input.ts';
import { isJsonObject, type Json } from '../../../lib/core/json.ts';
import { ATTESTATIONS, DIGESTS, PASSING } from './fixture.ts';

/** Facts for tests, by what they differ in from a release that passes. */
export type AttestationName = keyof typeof ATTESTATIONS;

/** Values of a predicate by paths such as `a/0/b`; undefined where one is removed. */
export type Edits = Readonly<Record<string, Json | undefined>>;

export function without(...names: readonly AttestationName[]): GateInput {
  const gone = names.map((name) => ATTESTATIONS[name].evidence);
  return { ...PASSING, attestations: PASSING.attestations.filter(({ evidence }) => !gone.includes(evidence)) };
}

export function changed(name: AttestationName, change: (attestation: GateAttestation) => GateAttestation): GateInput {
  const { evidence } = ATTESTATIONS[name];
  return {
    ...PASSING,
    attestations: PASSING.attestations.map((one) => (one.evidence === evidence ? change(one) : one)),
  };
}

/** The facts with some values of a predicate replaced, by paths such as `a/0/b`; removed where the value is undefined. */
export function stating(name: AttestationName, edits: Edits): GateInput {
  return changed(name, (attestation) => ({
    ...attestation,
    predicate: Object.entries(edits).reduce(
      (predicate, [path, value]) => replaced(predicate, path.split('/'), value),
      attestation.predicate,
    ),
  }));
}

export const SOMEBODY_ELSE = { principal: 'somebody-else' } as const;

/** With other statements, after which somebody else has stated what passes. */
export function hidden(name: AttestationName, edits: Edits): GateInput {
  const better = { ...ATTESTATIONS[name], evidence: DIGESTS.report, principal: 'somebody-else' };
  return { ...PASSING, attestations: [...stating(name, edits).attestations, better] };
}

/** After all else, the same signer, or another one, has stated something else. */
export function followed(name: AttestationName, edits: Edits, other: Partial<GateAttestation> = {}): GateInput {
  const { evidence } = ATTESTATIONS[name];
  const later = stating(name, edits).attestations.filter((one) => one.evidence === evidence);
  const more = later.map((one) => ({ ...one, evidence: DIGESTS.report, ...other }));
  return { ...PASSING, attestations: [...PASSING.attestations, ...more] };
}

/** What cannot be used tells nothing but its type: so does the collector give it. */
export function signed(name: AttestationName, state: SignatureState): GateInput {
  return changed(name, (attestation) => {
    const known = state === 'invalid' || state === 'unreadable' ? UNUSABLE : {};
    return { ...attestation, ...known, signature: { ...attestation.signature, state } };
  });
}

const UNUSABLE = { subjects: [], inputs: [], outputs: [], commits: [], predicate: null } as const;

/** The document with the value at a path replaced, or removed when the value is undefined. */
export function replaced(document: Json, [key, ...rest]: readonly string[], value: Json | undefined): Json {
  if (key === undefined) throw new Error('the path leads nowhere');
  if (isArray(document)) {
    const index = Number(key);
    if (rest.length > 0) return document.with(index, replaced(document[index] ?? null, rest, value));
    return value === undefined ? document.toSpliced(index, 1) : document.with(index, value);
  }
  if (!isJsonObject(document)) throw new Error(`${key} is a field of nothing`);
  const { [key]: old = null, ...others } = document;
  if (rest.length > 0) return { ...others, [key]: replaced(old, rest, value) };
  return value === undefined ? others : { ...others, [key]: value };
}

function isArray(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}
