import { afterEach, expect, it, vi } from 'vitest';
import type { Decided } from '../../../lib/app/gate/evaluate.ts';
import { shadowBroke } from '../../../lib/core/gate/shadow.ts';
import { gateAnswer, logDecision } from '../../../lib/runtime/gate-answers.ts';
import { digestOf, NOW } from '../../support/manifests.ts';
import { NO_FACTS, verdict } from '../cli/decisions.ts';

afterEach(() => vi.unstubAllEnvs());

const POLICY = { sha256: digestOf('policy'), revision: 'r-7', entrypoint: 'countersign/gate/result' };
const ACME = { sha256: digestOf('acme'), revision: 'a-1', entrypoint: 'acme/deny' };
const PASSED = { verdicts: [verdict()], warnings: [] };
const DECIDED: Decided = {
  passed: true,
  input: NO_FACTS,
  inputSha256: digestOf('input'),
  policy: POLICY,
  result: PASSED,
  beside: [{ slot: 'acme', policy: ACME, result: PASSED }],
  shadows: [],
  decidedAt: NOW,
  asOf: false,
  evidence: digestOf('decision'),
  bytes: Buffer.from('{}'),
};

function logged(changes: Partial<Decided> = {}): Readonly<Record<string, unknown>> {
  const lines: Readonly<Record<string, unknown>>[] = [];
  const log = { info: (event: string, fields: object) => void lines.push({ event, ...fields }), warn: () => {} };
  logDecision({ ...DECIDED, ...changes }, log);
  expect(lines).toHaveLength(1);
  return lines[0] ?? {};
}

it('a decision is logged as an event of the decision log of OPA, with every policy that took part', () => {
  vi.stubEnv('COUNTERSIGN_STAGE', 'prod');
  vi.stubEnv('AWS_LAMBDA_LOG_STREAM_NAME', '2026/02/21/[7]abc');
  expect(logged()).toMatchObject({
    event: 'gate-decided',
    labels: { app: 'countersign', stage: 'prod', id: '2026/02/21/[7]abc' },
    decision_id: digestOf('decision'),
    bundles: { countersign: { revision: 'r-7' }, 'countersign/acme': { revision: 'a-1' } },
    path: 'countersign/gate/result',
    requested_by: 'training-pipeline',
    timestamp: NOW,
    input_sha256: digestOf('input'),
    outcome: 'PASSED',
    GatePassed: 1,
    GateFailed: 0,
  });
});

it('a logged decision holds nothing of what it says is erased', () => {
  const line = logged({ passed: false });
  expect(line).toMatchObject({ outcome: 'FAILED', GateFailed: 1 });
  for (const pointer of line.erased as readonly string[]) expect(line).not.toHaveProperty(pointer.slice(1));
  expect(JSON.stringify(line)).not.toContain('commit_recorded');
});

it('a decision about the past is logged and not counted', () => {
  expect(logged({ asOf: true })).not.toHaveProperty('GatePassed');
});

const BROKEN = shadowBroke({ slot: 'candidate', policy: digestOf('candidate') }, 'POLICY_TIMED_OUT');

it('a shadow that would have said otherwise, or broke, is counted beside the decision', () => {
  expect(logged()).toMatchObject({ ShadowDiffered: 0 });
  expect(logged({ shadows: [BROKEN] })).toMatchObject({ GatePassed: 1, ShadowDiffered: 1 });
});

it('the answer tells what each policy said, and what a shadow came to', () => {
  const decided = { ...DECIDED, shadows: [BROKEN] };
  const { body } = gateAnswer({ kind: 'decided', decided }, { info: () => {}, warn: () => {} });
  expect(body).toMatchObject({
    result: 'PASSED',
    policy: POLICY,
    beside: [{ slot: 'acme', policy: ACME, ...PASSED }],
    shadows: [{ slot: 'candidate', said: 'BROKE', code: 'POLICY_TIMED_OUT' }],
  });
});
