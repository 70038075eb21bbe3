import { describe, expect, it } from 'vitest';
import { stageConfig } from '../../cdk/config.ts';
import { LOG_DELIVERIES } from './support/log-deliveries.ts';
import { Resolver } from './support/resolve.ts';
import { ofType, synthesise, synthesiseConfig, type Template, templatesOf } from './support/synth.ts';

const prod = synthesise('prod');
const resolver = new Resolver(prod);

interface Statement {
  readonly where: string;
  readonly Effect: string;
  readonly Action: readonly string[];
  readonly Resource: readonly string[];
  readonly Condition?: unknown;
}

/** Every policy statement anywhere in a template, whatever the resource calls its policy. */
function statementsOf(template: Template): readonly Statement[] {
  return Object.entries(template.Resources).flatMap(([where, { Properties }]) =>
    find(Properties).map((statement) => {
      const part = (name: string) => resolver.resolve(Reflect.get(statement, name), template);
      return {
        where,
        Effect: String(part('Effect')),
        Action: [part('Action')].flat().map(String),
        Resource: [part('Resource') ?? []].flat().map(String),
        Condition: part('Condition'),
      };
    }),
  );
}

function find(value: unknown): object[] {
  if (Array.isArray(value)) return value.flatMap(find);
  if (typeof value !== 'object' || value === null) return [];
  return 'Effect' in value && 'Action' in value ? [value] : Object.values(value).flatMap(find);
}

const statements = templatesOf(prod).flatMap(statementsOf);

it('finds the policies at all', () => {
  expect(statements.length).toBeGreaterThan(100);
});

it('no statement allows a wildcard action', () => {
  const wild = statements.filter(
    ({ Effect, Action }) => Effect === 'Allow' && Action.some((name) => name.includes('*')),
  );
  expect(wild).toEqual([]);
});

it('a denial has a wildcard action only where it refuses what is not TLS', () => {
  const wild = statements.filter(
    ({ Effect, Action }) => Effect === 'Deny' && Action.some((name) => name.includes('*')),
  );
  for (const { where, Condition } of wild) {
    expect(JSON.stringify(Condition), where).toMatch(/aws:SecureTransport|s3:TlsVersion/);
  }
});

it('no identity policy allows every resource, but for actions that have none to name', () => {
  const open = statements.filter(({ where, Effect, Resource }) => {
    // In the policy of a key, "*" is the key.
    return Effect === 'Allow' && Resource.includes('*') && prodType(where) !== 'AWS::KMS::Key';
  });
  expect(new Set(open.flatMap(({ Action }) => Action))).toEqual(
    new Set([
      'xray:PutTelemetryRecords',
      'xray:PutTraceSegments',
      // Step Functions also asks which requests it should trace, and has its logs delivered.
      'xray:GetSamplingRules',
      'xray:GetSamplingTargets',
      ...LOG_DELIVERIES,
      // Within named namespaces.
      'cloudwatch:PutMetricData',
      'ecr:GetAuthorizationToken',
    ]),
  );
});

function prodType(id: string): string | undefined {
  return templatesOf(prod).find(({ Resources }) => id in Resources)?.Resources[id]?.Type;
}

it('every managed policy is within what IAM takes: 6,144 characters', () => {
  for (const template of templatesOf(prod)) {
    for (const [id, { Properties }] of ofType(template, 'AWS::IAM::ManagedPolicy')) {
      const document = JSON.stringify(resolver.resolve(Properties.PolicyDocument, template));
      expect(document.length, id).toBeLessThanOrEqual(6144);
    }
  }
});

it('every bucket policy is within what S3 takes: 20 KB', () => {
  for (const [id, { Properties }] of ofType(prod.data, 'AWS::S3::BucketPolicy')) {
    const document = JSON.stringify(resolver.resolve(Properties.PolicyDocument, prod.data));
    expect(document.length, id).toBeLessThanOrEqual(20_480);
  }
});

it('the deployment role is that of the bootstrap, whatever its qualifier', () => {
  const policies = (qualifier?: string) => {
    const context = qualifier === undefined ? {} : { '@aws-cdk/core:bootstrapQualifier': qualifier };
    return JSON.stringify(ofType(synthesiseConfig(stageConfig('dev'), context).data, 'AWS::S3::BucketPolicy'));
  };
  expect(policies()).toContain('role/cdk-hnb659fds-cfn-exec-role-');
  expect(policies('acme')).toContain('role/cdk-acme-cfn-exec-role-');
  expect(policies('acme')).not.toContain('cdk-hnb659fds-');
});

describe('roles', () => {
  it('have no inline policies', () => {
    for (const template of templatesOf(prod)) {
      for (const [id, { Type, Properties }] of Object.entries(template.Resources)) {
        expect(Type, id).not.toBe('AWS::IAM::Policy');
        if (Type === 'AWS::IAM::Role') expect(Properties, id).not.toHaveProperty('Policies');
      }
    }
  });

  it.each([
    ['break-glass', 1],
    ['rebuilder', 12],
  ])('%s is assumed with a second factor, for %i hours at most', (name, hours) => {
    const roles = Object.values(prod.data.Resources).filter(({ Type }) => Type === 'AWS::IAM::Role');
    const role = roles.find(({ Properties }) => Properties.RoleName === `countersign-prod-${name}`);
    expect(role?.Properties).toMatchObject({
      MaxSessionDuration: hours * 3600,
      AssumeRolePolicyDocument: {
        Statement: [{ Condition: { Bool: { 'aws:MultiFactorAuthPresent': 'true' } } }],
      },
    });
  });
});
