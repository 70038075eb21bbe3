import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { GateDecision } from '../../../cli/gate/evaluate.ts';
import { canonicalBytes } from '../../../lib/core/canonical.ts';
import { sha256Hex } from '../../../lib/core/digest.ts';
import { type Beside, decisionPayload, isPassedByAll, type PolicyIdentity } from '../../../lib/core/gate/decision.ts';
import type { GateInput, GateResult, RuleVerdict } from '../../../lib/core/gate/input.ts';
import { type Skip, skipPayload } from '../../../lib/core/gate/skip.ts';
import type { JsonObject } from '../../../lib/core/json.ts';
import { asObject, signedPayload, type TestKey } from '../../support/keys.ts';
import { digestOf, NOW } from '../../support/manifests.ts';

/** The facts that pass every rule: those that the tests of the rules begin with. */
export function passingInput(): GateInput {
  const file = new URL('../../../policies/testing/facts.json', import.meta.url);
  const { facts }: { readonly facts: { readonly passing: GateInput } } = JSON.parse(readFileSync(file, 'utf8'));
  return facts.passing;
}

export const POLICY_FOLDER = fileURLToPath(new URL('../../../policies/bundle', import.meta.url));

export const MODEL = digestOf('classifier');

export const NO_FACTS: GateInput = {
  version: 1,
  now: NOW,
  phase: 'request',
  environment: 'production',
  model: { sha256: MODEL },
  image_digest: null,
  endpoint: null,
  requester: 'training-pipeline',
  promotion: null,
  attestations: [],
  superseded: 0,
  lineage: { complete: true, code: null, nodes: [MODEL], edges: [], cycle: null },
  waivers: { known: true, items: [] },
  findings: { known: true, items: [] },
  approvals: { known: true, items: [] },
  releases: { known: true, items: [] },
};

export function verdict(changes: Partial<RuleVerdict> = {}): RuleVerdict {
  return {
    rule: 'commit_recorded',
    verdict: 'pass',
    severity: 'high',
    controls: ['A.8.4', 'A.8.32'],
    effective_on: '2026-01-01T00:00:00.000Z',
    reasons: [],
    waiver: null,
    ...changes,
  };
}

export interface Decided {
  readonly result: GateResult;
  readonly input?: GateInput;
  readonly policy?: PolicyIdentity;
  readonly beside?: readonly Beside[];
}

/** A decision as the command has it, ready to be reported. */
export function decided(
  verdicts: readonly RuleVerdict[],
  warnings: readonly RuleVerdict[] = [],
  beside: GateDecision['beside'] = [],
): GateDecision {
  const result = { verdicts, warnings };
  return {
    decision: digestOf('decision'),
    bundle: Buffer.alloc(0),
    model: MODEL,
    environment: 'production',
    requester: 'training-pipeline',
    phase: 'request',
    passed: isPassedByAll({ result, beside }),
    inputSha256: digestOf('input'),
    policy: { sha256: digestOf('policy'), entrypoint: 'countersign/gate/result' },
    policyRevision: 'r-7',
    result,
    beside,
    shadows: [],
    decidedAt: NOW,
    asOf: false,
    judgedAt: NOW,
    waivers: [],
    answer: {},
  };
}

const POLICY = { sha256: digestOf('policy'), revision: 'r-7', entrypoint: 'countersign/gate/result' };

/** A decision as it is stored. */
export function signedDecision(
  key: TestKey,
  { result, input = NO_FACTS, policy = POLICY, beside = [] }: Decided,
): Buffer {
  const inputSha256 = sha256Hex(canonicalBytes(input));
  const passed = isPassedByAll({ result, beside });
  const said = { passed, policy, result, beside, shadows: [] };
  return signedPayload(decisionPayload({ ...said, input, inputSha256, decidedAt: NOW, asOf: false }), key);
}

/** What POST /v1/gates/evaluate answers with it. */
export function decisionAnswer(bundle: Buffer): JsonObject {
  return { decision: sha256Hex(bundle), policy: POLICY, attestation: asObject(bundle) };
}

export const SKIP: Skip = {
  result: 'SKIPPED',
  environment: 'staging',
  phase: 'request',
  endpoint: null,
  image_digest: null,
  requester: 'training-pipeline',
  skipped_at: NOW,
  rate: 0.1,
  run_ids: ['run-2'],
  manifests: [digestOf('manifest')],
};

/** What POST /v1/gates/evaluate answers when nobody looked. */
export function skipAnswer(key: TestKey, changes: Partial<Skip> = {}, model = MODEL): JsonObject {
  const bundle = signedPayload(skipPayload(model, { ...SKIP, ...changes }), key);
  return { decision: sha256Hex(bundle), model, result: 'SKIPPED', attestation: asObject(bundle) };
}
