import { afterEach, expect, it, vi } from 'vitest';
import { logDecision } from '../../../lib/runtime/gate-answers.ts';
import { digestOf, NOW } from '../../support/manifests.ts';
import { NO_FACTS, verdict } from '../cli/decisions.ts';

afterEach(() => vi.unstubAllEnvs());

const POLICY = { sha256: digestOf('policy'), revision: 'r-7', entrypoint: 'countersign/gate/result' };
const ACME = { sha256: digestOf('acme'), revision: 'a-1', entrypoint: 'acme/deny' };
const PASSED = { verdicts: [verdict()], warnings: [] };
const DECIDED = {
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

function logged(changes: Partial<typeof DECIDED> = {}): Readonly<Record<string, unknown>> {
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
