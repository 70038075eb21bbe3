import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { fullFormats } from 'ajv-formats/dist/formats.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { GateDecision } from '../../../cli/gate/evaluate.ts';
import { junitXml } from '../../../cli/gate/junit.ts';
import { placeOf, sarifLog } from '../../../cli/gate/sarif.ts';
import { decisionLines } from '../../../cli/gate/table.ts';
import type { RuleVerdict } from '../../../lib/core/gate/input.ts';
import { explain } from '../../../lib/core/gate/reasons.ts';
import { digestOf, NOW } from '../../support/manifests.ts';
import { decided, MODEL, verdict } from './decisions.ts';

/** Six days and a half. */
const WAIVED_UNTIL = new Date(Date.parse(NOW) + 6.5 * 24 * 60 * 60 * 1000).toISOString();
const because = (code: string, params: RuleVerdict['reasons'][number]['params'] = {}) => [{ code, params }];
const EVERY_KIND: readonly RuleVerdict[] = [
  verdict(),
  verdict({
    rule: 'image_pinned',
    verdict: 'fail',
    controls: ['A.8.9'],
    reasons: because('odd', { about: '<image>' }),
  }),
  verdict({ rule: 'no_critical_finding', verdict: 'undetermined', severity: 'critical', reasons: because('unread') }),
  verdict({ rule: 'privacy_reviewed', verdict: 'waived', reasons: because('none'), waiver: digestOf('waiver') }),
  verdict({ rule: 'required_approvals', verdict: 'not_applicable', severity: 'low', reasons: because('later') }),
];
const LATER = [
  verdict({ rule: 'way_back', verdict: 'fail', effective_on: '2027-01-01T00:00:00.000Z', reasons: because('no_way') }),
];

/** Writes over the line before, opens a tag, ends the document, runs backwards. */
const HOSTILE = '\u001b[2K\u001b[1A<ok> ]]>&"\'\r\n\u0000\u202e\ud800\ufffe';

/** Two rules of ours that one act would satisfy. */
const UNTRAINED = ['commit_recorded', 'lineage_complete'].map((rule) =>
  verdict({ rule, verdict: 'fail', reasons: because('training_missing', { model: MODEL }) }),
);
const FIX = explain({ code: 'training_missing', params: { model: MODEL } }).fix ?? 'none';

/** What somebody else's policy said in a slot. */
const BESIDE: GateDecision['beside'] = [
  {
    slot: 'freeze',
    policy: { sha256: digestOf('acme'), revision: 'acme-1', entrypoint: 'acme/freeze/deny' },
    result: {
      verdicts: [
        verdict({
          rule: 'acme.freeze.deny',
          verdict: 'fail',
          reasons: because('policy_denied', { message: 'not today' }),
        }),
      ],
      warnings: [],
    },
  },
];

describe('a decision of two policies', () => {
  const both = decided([verdict()], [], BESIDE);

  it('has the rules of the slot under its name in the table, and says which policy stands there', () => {
    const lines = decisionLines(both);
    expect(lines[1]).toMatch(/^FAIL {2}freeze\/acme\.freeze\.deny .* it says: not today$/);
    expect(lines).toContain(`beside it    freeze: acme-1 (sha256 ${digestOf('acme')})`);
    expect(lines).toContain('result       FAILED, 1 fail');
  });

  it('has them in the JUnit report', () => {
    const xml = junitXml(both);
    expect(xml).toContain('tests="2" failures="1"');
    expect(xml).toContain('<testcase name="freeze/acme.freeze.deny" classname="countersign.gate.production" time="0">');
    expect(xml).toContain(`<property name="policy freeze" value="${digestOf('acme')}"/>`);
  });

  it('has them in the SARIF report, without a page of ours', () => {
    const id = 'freeze/acme.freeze.deny';
    const [ours, theirs] = ruleIdsOf(sarifLog(both, 'model.tar.gz'));
    expect(ours).toMatchObject({ id: 'commit_recorded', helpUri: expect.anything() });
    expect(theirs).toMatchObject({ id });
    expect(theirs).not.toHaveProperty('helpUri');
  });

  function ruleIdsOf(log: object): readonly object[] {
    return JSON.parse(JSON.stringify(log)).runs[0].tool.driver.rules;
  }
});

describe('what would fix it', () => {
  it('is told once in the table, with the rules that it would satisfy', () => {
    const lines = decisionLines(decided(UNTRAINED));
    expect(lines.slice(2, 5)).toEqual(['', 'What would fix it:', `  commit_recorded, lineage_complete: ${FIX}`]);
  });

  it('stands with each failure in the reports', () => {
    expect(
      junitXml(decided(UNTRAINED))
        .split('\n')
        .filter((line) => line === `fix: ${FIX}`),
    ).toHaveLength(2);
    expect(
      JSON.stringify(sarifLog(decided(UNTRAINED), 'model.tar.gz')).split(JSON.stringify(FIX).slice(1, -1)),
    ).toHaveLength(3);
  });
});

describe('the table of a decision', () => {
  it('has a line per rule, then what to quote, then what will bite later', () => {
    const waivers = [{ evidence: digestOf('waiver'), rule: 'privacy_reviewed', not_after: WAIVED_UNTIL }];
    const lines = decisionLines({ ...decided(EVERY_KIND, LATER), waivers });
    expect(lines).toEqual([
      'ok    commit_recorded      high      A.8.4, A.8.32',
      'FAIL  image_pinned         high      A.8.9          odd (about: <image>)',
      '??    no_critical_finding  critical  A.8.4, A.8.32  unread',
      'WAIV  privacy_reviewed     high      A.8.4, A.8.32  none',
      '--    required_approvals   low       A.8.4, A.8.32  later',
      '',
      'result       FAILED, 1 fail, 1 undetermined',
      `model        ${MODEL}`,
      `environment  production, phase request, judged as of ${NOW}`,
      `decision     ${digestOf('decision')}`,
      `policy       r-7 (sha256 ${digestOf('policy')})`,
      `input        ${digestOf('input')}`,
      `waivers      privacy_reviewed by ${digestOf('waiver')} (ends in 6 days)`,
      'warning: from 2027-01-01T00:00:00.000Z way_back will fail: no_way',
    ]);
  });

  it('says PASSED when nothing keeps the gate shut', () => {
    expect(decisionLines(decided([verdict()]))).toContain('result       PASSED');
  });

  it('shows some of many reasons, and how many more there are', () => {
    const reasons = Array.from({ length: 1000 }, (_, index) => ({ code: `code_${index}`, params: {} }));
    const [line] = decisionLines(decided([verdict({ verdict: 'fail', reasons })]));
    expect(line).toContain('code_0; code_1; code_2; code_3; code_4; and 995 more');
  });

  it('gives no text of a policy or of evidence the terminal', () => {
    const hostile = { controls: [HOSTILE], reasons: because(HOSTILE, { [HOSTILE]: HOSTILE }), waiver: HOSTILE };
    const fails = verdict({ ...hostile, verdict: 'fail' });
    const answer = { ...decided([fails], [{ ...fails, effective_on: HOSTILE }]), policyRevision: HOSTILE };
    for (const line of decisionLines(answer)) expect(line).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}]/u);
  });
});

describe('the JUnit report', () => {
  it('has a test case per rule: failed, skipped with the reason, or passed', () => {
    expect(junitXml(decided(EVERY_KIND, LATER))).toBe(`<?xml version="1.0" encoding="UTF-8"?>
<testsuites>
  <testsuite name="countersign gate production request" package="countersign.gate" id="0" hostname="localhost" timestamp="2026-02-21T12:34:56" tests="5" failures="2" errors="0" skipped="2" time="0">
    <properties>
      <property name="result" value="FAILED"/>
      <property name="model" value="${MODEL}"/>
      <property name="decision" value="${digestOf('decision')}"/>
      <property name="input" value="${digestOf('input')}"/>
      <property name="policy" value="${digestOf('policy')}"/>
      <property name="policy revision" value="r-7"/>
    </properties>
    <testcase name="commit_recorded" classname="countersign.gate.production" time="0"/>
    <testcase name="image_pinned" classname="countersign.gate.production" time="0">
      <failure type="fail" message="odd (about: &lt;image&gt;)">odd (about: &lt;image&gt;)
severity: high
controls: A.8.9</failure>
    </testcase>
    <testcase name="no_critical_finding" classname="countersign.gate.production" time="0">
      <failure type="undetermined" message="unread">unread
severity: critical
controls: A.8.4, A.8.32</failure>
    </testcase>
    <testcase name="privacy_reviewed" classname="countersign.gate.production" time="0">
      <skipped message="waived by ${digestOf('waiver')}: none"/>
    </testcase>
    <testcase name="required_approvals" classname="countersign.gate.production" time="0">
      <skipped message="later"/>
    </testcase>
    <system-out>warning: from 2027-01-01T00:00:00.000Z way_back will fail: no_way</system-out>
    <system-err></system-err>
  </testsuite>
</testsuites>
`);
  });

  it('stays the same document whatever a policy says', () => {
    const shape = (xml: string) => xml.replaceAll(/"[^"]*"/g, '""').replaceAll(/>[^<]*</g, '><');
    const reportOf = (text: string) =>
      junitXml({
        ...decided([verdict({ verdict: 'fail', controls: [text], reasons: because(text, { [text]: text }) })]),
        policyRevision: text,
      });
    const plain = shape(reportOf('plain'));
    fc.assert(
      fc.property(fc.oneof(fc.constant(HOSTILE), fc.string({ unit: 'binary' })), (text) => {
        const xml = reportOf(text);
        expect(shape(xml)).toBe(plain);
        expect(xml).not.toMatch(/[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/u);
        expect(xml).not.toMatch(/&(?!(amp|lt|gt|quot|apos);)/);
      }),
      { numRuns: 30 },
    );
  });
});

describe('the SARIF report', () => {
  const {
    $schema: _draft,
    id: _id,
    ...schema
  } = JSON.parse(readFileSync(new URL('../../fixtures/sarif/sarif-2.1.0.json', import.meta.url), 'utf8'));
  const validate = new Ajv({ strict: false, unicodeRegExp: false, formats: fullFormats }).compile(schema);
  const PLACE = placeOf(MODEL, undefined);

  it('is valid SARIF 2.1.0', () => {
    const hostile = verdict({ verdict: 'fail', controls: [HOSTILE], reasons: because(HOSTILE) });
    for (const log of [
      sarifLog(decided(EVERY_KIND, LATER), PLACE),
      sarifLog(decided([verdict()]), 'out/model.tar.gz'),
      sarifLog(decided([verdict()], [], BESIDE), 'out/model.tar.gz'),
      sarifLog(decided([hostile, hostile], [hostile]), PLACE),
    ]) {
      validate(JSON.parse(JSON.stringify(log)));
      expect(validate.errors).toBeNull();
    }
    expect(validate({ version: '2.1.0', runs: [{ tool: {} }] })).toBe(false);
  });

  it.each([
    ['out/model.tar.gz', 'out/model.tar.gz'],
    ['./my model#1?.tar.gz', 'my%20model%231%3F.tar.gz'],
    ['urn:model.tar.gz', 'urn%3Amodel.tar.gz'],
    ['../model.tar.gz', `models/sha256/${MODEL}`],
    ['/nowhere/model.tar.gz', `models/sha256/${MODEL}`],
    [undefined, `models/sha256/${MODEL}`],
  ])('shows the model %s at a path below the repository', (file, place) => {
    expect(placeOf(MODEL, file)).toBe(place);
    expect(new URL(place, 'file:///checkout/').href).toMatch(/^file:\/\/\/checkout\/[^?#]+$/);
  });

  // docs.github.com, "SARIF support for code scanning": what it needs of a result and of a rule beyond the schema.
  it("has what GitHub's code scanning asks for", () => {
    const text = { text: expect.stringMatching(/\S/) };
    const [log] = sarifLogs(decided(EVERY_KIND, LATER));
    expect(log?.tool.driver.rules.length).toBeGreaterThan(0);
    for (const rule of log?.tool.driver.rules ?? []) {
      expect(rule).toMatchObject({ shortDescription: text, fullDescription: text, help: text });
    }
    for (const result of log?.results ?? []) {
      expect(result).toMatchObject({
        message: text,
        locations: [{ physicalLocation: { artifactLocation: { uri: PLACE }, region: { startLine: 1 } } }],
        partialFingerprints: { primaryLocationLineHash: expect.stringMatching(/^[0-9a-f]{16}:1$/) },
      });
    }
  });

  it('makes one alert of what a rule says of one model and of the next, and others of other rules', () => {
    const printsOf = (model: string) =>
      sarifLogs({ ...decided(EVERY_KIND, LATER), model }).flatMap(({ results }) =>
        results.map(({ partialFingerprints }) => partialFingerprints.primaryLocationLineHash),
      );
    expect(printsOf(digestOf('the next'))).toEqual(printsOf(MODEL));
    expect(new Set(printsOf(MODEL)).size).toBe(4);
  });

  it('has a result for each rule that keeps the gate shut, a suppressed one for a waiver, a note for later', () => {
    expect(sarifLog(decided(EVERY_KIND, LATER), PLACE)).toMatchObject({
      runs: [
        {
          tool: { driver: { name: 'countersign-gate' } },
          results: [
            { ruleId: 'image_pinned', level: 'error', message: { text: 'odd (about: <image>)' } },
            { ruleId: 'no_critical_finding', level: 'error', properties: { verdict: 'undetermined' } },
            { ruleId: 'privacy_reviewed', suppressions: [{ kind: 'external', status: 'accepted' }] },
            { ruleId: 'way_back', level: 'note' },
          ],
          properties: { result: 'FAILED', decision: digestOf('decision') },
        },
      ],
    });
  });

  it('points each result to its rule', () => {
    for (const { tool, results } of sarifLogs(decided(EVERY_KIND, LATER))) {
      const { rules } = tool.driver;
      expect(results.map(({ ruleIndex }) => rules[ruleIndex]?.id)).toEqual(results.map(({ ruleId }) => ruleId));
      expect(rules.find(({ id }) => id === 'image_pinned')).toMatchObject({
        shortDescription: { text: 'image pinned' },
        helpUri: 'https://countersign.dev/rules/image_pinned',
        properties: { controls: ['A.8.9'] },
      });
    }
  });

  interface Run {
    readonly tool: { readonly driver: { readonly rules: readonly { readonly id: string }[] } };
    readonly results: readonly {
      readonly ruleId: string;
      readonly ruleIndex: number;
      readonly partialFingerprints: { readonly primaryLocationLineHash: string };
    }[];
  }

  function sarifLogs(decision: GateDecision): readonly Run[] {
    return JSON.parse(JSON.stringify(sarifLog(decision, PLACE))).runs;
  }
});
