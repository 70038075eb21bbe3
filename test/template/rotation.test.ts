import { describe, expect, it } from 'vitest';
import { stageConfig } from '../../cdk/config.ts';
import { FUNCTION_NAMES, MIRROR_FUNCTION_NAMES, SIGNERS } from '../../cdk/names.ts';
import { Env } from '../../lib/contracts/env.ts';
import { Resolver } from './support/resolve.ts';
import { Simulator } from './support/simulate.ts';
import { ofType, only, synthesiseConfig, templatesOf } from './support/synth.ts';

const first = synthesiseConfig(stageConfig('dev'));
const second = synthesiseConfig({ ...stageConfig('dev'), evidenceKeyGeneration: 2 });

describe('when the evidence key is rotated', () => {
  const resolver = new Resolver(second);
  const simulator = new Simulator(second);
  const keys = ofType(second.data, 'AWS::KMS::Key').filter(([id]) => id.startsWith('EvidenceKey'));
  const [former, current] = keys.map(([id]) => resolver.arn(id, second.data));

  it('the former key stays as it was', () => {
    const [id, key] = only(first.data, 'AWS::KMS::Key', 'EvidenceKey');
    expect(second.data.Resources[id]).toEqual(key);
  });

  it('the alias moves, and is not made anew', () => {
    const [id] = only(first.data, 'AWS::KMS::Alias', 'EvidenceKey');
    expect(resolver.resolve(second.data.Resources[id]?.Properties.TargetKeyId, second.data)).toBe(current);
  });

  it('functions use the new key only', async () => {
    const context = { 'kms:SigningAlgorithm': 'ECDSA_SHA_256', 'kms:MessageType': 'DIGEST' };
    expect(former).not.toBe(current);
    for (const name of SIGNERS) {
      const request = { principal: `function:${name}`, action: 'kms:Sign', context } as const;
      expect(await simulator.simulate({ ...request, resource: String(current) })).toBe('Allowed');
      expect(await simulator.simulate({ ...request, resource: String(former) })).toBe('ImplicitlyDenied');
    }
    const variables = templatesOf(second).flatMap((template) =>
      ofType(template, 'AWS::Lambda::Function').map(([, { Properties }]) =>
        JSON.parse(JSON.stringify(resolver.resolve(Properties.Environment, template))),
      ),
    );
    expect(variables).toHaveLength(FUNCTION_NAMES.length - MIRROR_FUNCTION_NAMES.length);
    for (const { Variables } of variables) {
      if (Env.EVIDENCE_KEY_ARN in Variables) expect(Variables[Env.EVIDENCE_KEY_ARN]).toBe(current);
    }
  });

  it.each(['promotion', 'service'] as const)('the %s stack as it was deployed still finds what it imports', (name) => {
    const exported = [second.data, second.promotion].flatMap(({ Outputs }) =>
      Object.values(Outputs).flatMap(({ Export }) => (Export ? [Export.Name] : [])),
    );
    const imports = [...JSON.stringify(first[name]).matchAll(/"Fn::ImportValue":"([^"]+)"/g)].map(([, found]) => found);
    expect(imports.length).toBeGreaterThan(0);
    expect(imports.filter((name) => !exported.includes(name))).toEqual([]);
  });
});
