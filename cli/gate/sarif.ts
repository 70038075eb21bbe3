import { resultOfAll } from '../../lib/core/gate/decision.ts';
import type { RuleVerdict } from '../../lib/core/gate/input.ts';
import type { GateDecision } from './evaluate.ts';
import { fixesOf, isRefusal, sentencesOf } from './reasons.ts';
import type { GateSkipped } from './skipped.ts';

const SCHEMA = 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json';

const LEVELS: Readonly<Record<RuleVerdict['severity'], 'error' | 'warning' | 'note'>> = {
  critical: 'error',
  high: 'error',
  medium: 'warning',
  low: 'note',
};

/**
 * A decision as SARIF 2.1.0: each rule that keeps the gate shut is a result; a waived one is a suppressed result; a rule that
 * will bite later is a note.
 *
 * @param place - URI of the model, where code scanning shows the results
 */
export function sarifLog(decided: GateDecision, place: string): object {
  const { environment, phase, decision, model, policy, policyRevision, beside, inputSha256, judgedAt, passed } =
    decided;
  const { verdicts, warnings } = resultOfAll(decided);
  const rules = [...new Map([...warnings, ...verdicts].map((one) => [one.rule, one])).values()];
  const resultOf = (verdict: RuleVerdict, changes: object) => ({
    ruleId: verdict.rule,
    ruleIndex: rules.findIndex(({ rule }) => rule === verdict.rule),
    level: LEVELS[verdict.severity],
    message: { text: [sentencesOf(verdict) || verdict.verdict, ...fixesOf(verdict)].join('\n') },
    locations: [
      {
        physicalLocation: { artifactLocation: { uri: place } },
        logicalLocations: [{ name: model, kind: 'resource' }],
      },
    ],
    partialFingerprints: { 'model/v1': `${model}:${environment}:${verdict.rule}` },
    properties: { verdict: verdict.verdict, severity: verdict.severity, controls: verdict.controls, decision },
    ...changes,
  });
  return {
    $schema: SCHEMA,
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'countersign-gate',
            informationUri: 'https://countersign.dev',
            rules: rules.map(({ rule, severity, controls }) => ({
              id: rule,
              shortDescription: { text: rule.replaceAll('_', ' ') },
              // A slot's rules are somebody else's, who has pages of their own.
              ...(rule.includes('/') ? {} : { helpUri: `https://countersign.dev/rules/${rule}` }),
              defaultConfiguration: { level: LEVELS[severity] },
              properties: { severity, controls },
            })),
          },
        },
        automationDetails: { id: `countersign-gate/${environment}/${phase}/` },
        results: [
          ...verdicts.filter(isRefusal).map((verdict) => resultOf(verdict, {})),
          ...verdicts
            .filter(({ verdict }) => verdict === 'waived')
            .map((verdict) => resultOf(verdict, waived(verdict))),
          ...warnings.filter(isRefusal).map((warning) => resultOf(warning, later(warning))),
        ],
        properties: {
          result: passed ? 'PASSED' : 'FAILED',
          decision,
          input: inputSha256,
          policy: policy.sha256,
          policy_revision: policyRevision,
          beside: beside.map(({ slot, policy: { sha256, revision } }) => ({
            slot,
            policy: sha256,
            policy_revision: revision,
          })),
          judged_at: judgedAt,
        },
      },
    ],
  };
}

/** That the gate did not look: a run without rules and results. */
export function skippedSarif({ skip, decision }: GateSkipped): object {
  return {
    $schema: SCHEMA,
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'countersign-gate', informationUri: 'https://countersign.dev', rules: [] } },
        automationDetails: { id: `countersign-gate/${skip.environment}/${skip.phase}/` },
        results: [],
        properties: { result: skip.result, decision },
      },
    ],
  };
}

function waived({ waiver }: RuleVerdict) {
  return {
    suppressions: [{ kind: 'external', status: 'accepted', justification: `waived by the evidence ${waiver}` }],
  };
}

function later(warning: RuleVerdict) {
  return {
    level: 'note',
    message: { text: `from ${warning.effective_on} this will fail: ${sentencesOf(warning) || warning.verdict}` },
  };
}
