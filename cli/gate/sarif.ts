import { isAbsolute, relative, sep } from 'node:path';
import { sha256Hex } from '../../lib/core/digest.ts';
import { resultOfAll } from '../../lib/core/gate/decision.ts';
import type { GatePhase, RuleVerdict } from '../../lib/core/gate/input.ts';
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

const DRIVER = { name: 'countersign-gate', informationUri: 'https://countersign.dev' } as const;

/**
 * Where code scanning shows the results: at the model's file, where it lies below the working directory, else at its digest.
 * GitHub takes paths below the repository's root; one URI with a scheme of its own, and the whole upload is refused.
 */
export function placeOf(sha256: string, file: string | undefined): string {
  const path = file === undefined ? '' : relative(process.cwd(), file);
  const [first = '', ...rest] = path.split(sep);
  if (first === '' || first === '..' || isAbsolute(path)) return `models/sha256/${sha256}`;
  return [first, ...rest].map(encodeURIComponent).join('/');
}

/**
 * A decision as SARIF 2.1.0, with what GitHub's code scanning asks for beyond the schema: each rule that keeps the gate shut is
 * a result; a waived one is a suppressed result; a rule that will bite later is a note.
 *
 * @param place - of {@link placeOf}
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
        physicalLocation: { artifactLocation: { uri: place }, region: { startLine: 1 } },
        logicalLocations: [{ name: model, kind: 'resource' }],
      },
    ],
    // What a rule says of the next model is the same alert, until it is mended.
    partialFingerprints: { primaryLocationLineHash: `${sha256Hex(`${environment} ${verdict.rule}`).slice(0, 16)}:1` },
    properties: { verdict: verdict.verdict, severity: verdict.severity, controls: verdict.controls, decision },
    ...changes,
  });
  return logOf({
    environment,
    phase,
    rules: rules.map(({ rule, severity, controls }) => ({
      id: rule,
      shortDescription: { text: rule.replaceAll('_', ' ') },
      fullDescription: { text: servedBy(controls) },
      help: { text: servedBy(controls) },
      // A slot's rules are somebody else's, who has pages of their own.
      ...(rule.includes('/') ? {} : { helpUri: `https://countersign.dev/rules/${rule}` }),
      defaultConfiguration: { level: LEVELS[severity] },
      properties: { severity, controls },
    })),
    results: [
      ...verdicts.filter(isRefusal).map((verdict) => resultOf(verdict, {})),
      ...verdicts.filter(({ verdict }) => verdict === 'waived').map((verdict) => resultOf(verdict, waived(verdict))),
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
  });
}

/** That the gate did not look: a run without rules and results. */
export function skippedSarif({ skip: { environment, phase, result }, decision }: GateSkipped): object {
  return logOf({ environment, phase, rules: [], results: [], properties: { result, decision } });
}

interface Run {
  readonly environment: string;
  readonly phase: GatePhase;
  readonly rules: readonly object[];
  readonly results: readonly object[];
  readonly properties: object;
}

function logOf({ environment, phase, rules, results, properties }: Run): object {
  const run = {
    tool: { driver: { ...DRIVER, rules } },
    automationDetails: { id: `${DRIVER.name}/${environment}/${phase}/` },
    results,
    properties,
  };
  return { $schema: SCHEMA, version: '2.1.0', runs: [run] };
}

function servedBy(controls: readonly string[]): string {
  return controls.length === 0
    ? 'It serves no control.'
    : `It serves ${controls.join(', ')} of ISO/IEC 27001, Annex A.`;
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
