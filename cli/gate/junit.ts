import { resultOfAll } from '../../lib/core/gate/decision.ts';
import type { RuleVerdict } from '../../lib/core/gate/input.ts';
import { printable } from '../../lib/core/printable.ts';
import type { GateDecision } from './evaluate.ts';
import { fixesOf, isRefusal, sentencesOf } from './reasons.ts';
import type { GateSkipped } from './skipped.ts';
import { warningLine } from './table.ts';

/**
 * A decision as JUnit XML: each rule is a test case. It is valid against `junit-10.xsd` of the Jenkins xUnit plugin, which
 * `npm run interop` holds it against.
 */
export function junitXml(decided: GateDecision): string {
  const { environment, phase, decidedAt, decision, model, policy, policyRevision, beside, inputSha256, passed } =
    decided;
  const { verdicts, warnings } = resultOfAll(decided);
  return document({
    name: `countersign gate ${environment} ${phase}`,
    at: decidedAt,
    failures: verdicts.filter(isRefusal).length,
    skipped: verdicts.filter(isSkipped).length,
    properties: {
      result: passed ? 'PASSED' : 'FAILED',
      model,
      decision,
      input: inputSha256,
      policy: policy.sha256,
      'policy revision': policyRevision,
      ...Object.fromEntries(beside.map((one) => [`policy ${one.slot}`, one.policy.sha256])),
    },
    cases: verdicts.map((verdict) => testCase(verdict, `countersign.gate.${environment}`)),
    output: warnings.filter(isRefusal).map(warningLine).join('\n'),
  });
}

/** That the gate did not look, as one test case that was skipped. */
export function skippedXml({ skip, model, decision, message }: GateSkipped): string {
  const { environment, phase, skipped_at: at, result } = skip;
  const open = `    <testcase${attributes({ name: 'gate', classname: `countersign.gate.${environment}`, time: '0' })}>`;
  return document({
    name: `countersign gate ${environment} ${phase}`,
    at,
    failures: 0,
    skipped: 1,
    properties: { result, model, decision },
    cases: [[open, `      <skipped${attributes({ message })}/>`, '    </testcase>']],
    output: '',
  });
}

interface Suite {
  readonly name: string;
  readonly at: string;
  readonly failures: number;
  readonly skipped: number;
  readonly properties: Readonly<Record<string, string>>;
  /** Lines of each test case. */
  readonly cases: readonly (readonly string[])[];
  readonly output: string;
}

function document({ name, at, failures, skipped, properties, cases, output }: Suite): string {
  const suite = attributes({
    name,
    package: 'countersign.gate',
    id: '0',
    hostname: 'localhost',
    // Without a fraction and a time zone, as JUnit itself writes it; it is UTC.
    timestamp: at.slice(0, 19),
    tests: String(cases.length),
    failures: String(failures),
    errors: '0',
    skipped: String(skipped),
    time: '0',
  });
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<testsuites>',
    `  <testsuite${suite}>`,
    '    <properties>',
    ...Object.entries(properties).map(([key, value]) => `      <property${attributes({ name: key, value })}/>`),
    '    </properties>',
    ...cases.flat(),
    `    <system-out>${escaped(output)}</system-out>`,
    '    <system-err></system-err>',
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}

function testCase(verdict: RuleVerdict, classname: string): string[] {
  const open = `    <testcase${attributes({ name: verdict.rule, classname, time: '0' })}`;
  const message = sentencesOf(verdict) || verdict.verdict;
  if (isRefusal(verdict)) {
    const text = [
      message,
      ...fixesOf(verdict).map((fix) => `fix: ${fix}`),
      `severity: ${verdict.severity}`,
      `controls: ${printable(verdict.controls.join(', '))}`,
    ].join('\n');
    const failure = attributes({ type: verdict.verdict, message });
    return [`${open}>`, `      <failure${failure}>${escaped(text)}</failure>`, '    </testcase>'];
  }
  if (!isSkipped(verdict)) return [`${open}/>`];
  const waiver = verdict.waiver === null ? message : `waived by ${verdict.waiver}: ${message}`;
  return [`${open}>`, `      <skipped${attributes({ message: waiver })}/>`, '    </testcase>'];
}

function isSkipped({ verdict }: RuleVerdict): boolean {
  return verdict === 'not_applicable' || verdict === 'waived';
}

function attributes(values: Readonly<Record<string, string>>): string {
  return Object.entries(values)
    .map(([name, value]) => ` ${name}="${escaped(printable(value))}"`)
    .join('');
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

/** XML 1.0 has no form at all for most control characters, lone surrogates and two noncharacters (section 2.2, "Char"). */
const NOT_XML = /[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu;

function escaped(text: string): string {
  return text.replaceAll(NOT_XML, '\ufffd').replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}
