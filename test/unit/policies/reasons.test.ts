import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { STAGES } from '../../../lib/contracts/predicates.ts';
import type { Reason } from '../../../lib/core/gate/input.ts';
import { explain, REASON_CODES } from '../../../lib/core/gate/reasons.ts';
import { sources } from '../../../policies/files.ts';
import { refusalOf } from '../../support/commands.ts';
import { digestOf } from '../../support/manifests.ts';
import { CASES } from './cases.ts';
import { loadPolicy } from './policy.ts';

const rego = [...sources()].filter(([path]) => path.endsWith('.rego')).map(([, text]) => text.toString('utf8'));

describe('the sentence of a reason', () => {
  it('is there for every code that a rule writes', () => {
    const codes = rego.flatMap((text) => [...text.matchAll(/"code": "(\w+)"/g)].map(([, code]) => code));
    expect(codes.length).toBeGreaterThan(0);
    expect(codes.filter((code) => code !== undefined && !REASON_CODES.includes(code))).toEqual([]);
  });

  it('is there for no code that no rule writes', () => {
    expect(REASON_CODES.filter((code) => !rego.some((text) => text.includes(`"${code}"`)))).toEqual([]);
  });

  it('has a value for every parameter that it speaks of', async () => {
    const evaluate = await loadPolicy();
    const reasons = CASES.flatMap(({ input }) => evaluate(input)?.verdicts.flatMap((verdict) => verdict.reasons) ?? []);
    const lacking = reasons.filter((reason) => /null|undefined/.test(explain(reason).sentence));
    expect(lacking).toEqual([]);
  });

  it('names the thing and the command that mends it', () => {
    const dataset = 'ab'.repeat(32);
    const { sentence, fix } = explain({ code: 'consent_missing', params: { dataset } });
    expect(sentence).toBe('nobody attests that the data set abababababab may be used');
    expect(fix).toContain(`countersign attest --type scai --predicate report.json --subject data@sha256:${dataset}`);
  });

  it("shows the code and parameters of somebody else's rule", () => {
    expect(explain({ code: 'toString', params: {} })).toEqual({ sentence: 'toString', fix: undefined });
    expect(explain({ code: 'acme_weekend', params: { day: 'Sunday', hours: [1, 2] } }).sentence).toBe(
      'acme_weekend (day: Sunday, hours: [1,2])',
    );
  });
});

describe('the fix of a reason', () => {
  const DIGEST = digestOf('something');
  /** A value for every parameter that a fix quotes. */
  const params: Reason['params'] = {
    ...Object.fromEntries(['dataset', 'digest', 'evidence', 'image', 'model'].map((name) => [name, DIGEST])),
    attribute: 'EVALUATION_THRESHOLDS',
    digests: [DIGEST],
    environment: 'production',
    kind: 'evaluation',
  };
  const commandsIn = (code: string, stage = 'training'): string[] => {
    const { fix = '' } = explain({ code, params: { ...params, stage } });
    const quoted = [...fix.matchAll(/`([^`]*)`/g)].map(([, text = '']) => text.replaceAll('DIGEST', DIGEST));
    return quoted.flatMap((text) => {
      if (text.startsWith('--')) return [`gate --model ${DIGEST} --environment production ${text}`];
      return text.startsWith('countersign ') ? [text.slice('countersign '.length)] : [];
    });
  };

  it.each(REASON_CODES)('of %s quotes commands that the program takes as they stand', (code) => {
    for (const stage of STAGES) {
      const commands = commandsIn(code, stage);
      expect(
        commands.filter((command) => refusalOf(command.split(' ')) !== undefined || command.includes('…')),
      ).toEqual([]);
    }
  });

  it('quotes commands at all, and would not pass with one that lacks something', () => {
    expect(REASON_CODES.filter((code) => commandsIn(code).length > 0).length).toBeGreaterThan(25);
    expect(refusalOf(['show', 'lineage'])).toContain('missing required argument');
    expect(refusalOf(['principals', 'register', 'me'])).toContain('required option');
    expect(refusalOf(['run', '--stage', 'training'])).toContain('missing required argument');
    expect(refusalOf(['run', '--stages', 'training'])).toContain('unknown option');
  });

  /** The option that states a field of the manifest. The commit is that of the checkout. */
  const OPTIONS: Readonly<Record<string, string>> = {
    dataset: '--dataset',
    datasets: '--dataset',
    inputs: '--input',
    outputs: '--output',
    model: '--model',
    model_card: '--model-card',
    metrics: '--metrics',
    image_digest: '--image-digest',
  };
  const { required_fields }: { readonly required_fields: Readonly<Record<string, readonly (readonly string[])[]>> } =
    JSON.parse(readFileSync(new URL('../../../policies/data/manifests.json', import.meta.url), 'utf8'));

  it.each(STAGES)('states all that a manifest of the stage %s must', (stage) => {
    const wanted = (required_fields[stage] ?? []).filter((fields) => !fields.includes('commit_sha'));
    expect(wanted.length).toBeGreaterThan(0);
    for (const code of ['manifest_missing', 'manifest_incomplete', 'stage_failed']) {
      const [command = ''] = commandsIn(code, stage);
      const given = command.split(' ');
      const unmet = wanted.filter((fields) => !fields.some((field) => given.includes(OPTIONS[field] ?? field)));
      expect(unmet, command).toEqual([]);
    }
  });

  it('states an image that a stricter policy wants of a training', () => {
    const missing = [['image_digest']];
    const { fix } = explain({ code: 'manifest_incomplete', params: { stage: 'training', evidence: 'e', missing } });
    expect(fix).toContain('--commit SHA --image-digest sha256:DIGEST`');
  });
});
