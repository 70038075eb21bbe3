import { describe, expect, it } from 'vitest';
import { Identities } from '../../local/identities.ts';
import { Intrinsics } from '../../local/intrinsics.ts';
import { type Json, type JsonObject, Properties } from '../../local/properties.ts';
import { provision } from '../../local/provisioner.ts';
import type { Cloud } from '../../local/resources/maker.ts';
import type { StateMachineDefinition } from '../../local/step-functions.ts';
import { stackOf } from './support/templates.ts';

/** A placeholder of Fn::Sub. */
const of = (name: string) => `\${${name}}`;

const ENVIRONMENT = { region: 'eu-west-1', accountId: '111122223333' };

/** A cloud that nothing may touch: what is refused is refused before anything is made. */
const untouchable = new Proxy(
  {},
  {
    get: (_, name) => {
      if (name === 'region' || name === 'accountId') return ENVIRONMENT[name];
      throw new Error(`${String(name)} was touched`);
    },
  },
) as Cloud;

describe('a template', () => {
  const stack = stackOf({
    resources: { Queue: { type: 'AWS::SQS::Queue', properties: {}, dependsOn: [] } },
    parameters: { Version: { Type: 'String', Default: '6' } },
    mappings: { Sizes: { small: { memory: 128 } } },
    conditions: {
      IsIreland: { 'Fn::Equals': [{ Ref: 'AWS::Region' }, 'eu-west-1'] },
      IsNot: { 'Fn::Not': [{ Condition: 'IsIreland' }] },
      Both: { 'Fn::And': [{ Condition: 'IsIreland' }, { Condition: 'IsNot' }] },
      Either: { 'Fn::Or': [{ Condition: 'IsIreland' }, { Condition: 'IsNot' }] },
    },
  });
  const intrinsics = new Intrinsics(stack, ENVIRONMENT, new Map([['other:Key', 'arn:key']]));
  intrinsics.note('Queue', { ref: 'http://queue', attributes: { Arn: 'arn:queue' } });

  it.each<[string, Json, Json]>([
    ['Ref to a resource', { Ref: 'Queue' }, 'http://queue'],
    ['Ref to a pseudo parameter', { Ref: 'AWS::AccountId' }, '111122223333'],
    ['Ref to a parameter', { Ref: 'Version' }, '6'],
    ['Fn::GetAtt', { 'Fn::GetAtt': ['Queue', 'Arn'] }, 'arn:queue'],
    ['Fn::GetAtt as text', { 'Fn::GetAtt': 'Queue.Arn' }, 'arn:queue'],
    ['Fn::Join', { 'Fn::Join': ['-', ['a', { Ref: 'AWS::Region' }]] }, 'a-eu-west-1'],
    [
      'Fn::Sub',
      { 'Fn::Sub': `${of('Queue')} ${of('Queue.Arn')} ${of('!Literal')}` },
      `http://queue arn:queue ${of('Literal')}`,
    ],
    [
      'Fn::Sub with variables',
      { 'Fn::Sub': [`${of('A')}/${of('AWS::Region')}`, { A: { Ref: 'Queue' } }] },
      'http://queue/eu-west-1',
    ],
    ['Fn::Select of Fn::Split', { 'Fn::Select': [1, { 'Fn::Split': [':', 'a:b:c'] }] }, 'b'],
    ['Fn::If', [{ 'Fn::If': ['IsIreland', 'yes', 'no'] }, { 'Fn::If': ['Both', 'yes', 'no'] }], ['yes', 'no']],
    ['Fn::If with a condition of conditions', { 'Fn::If': ['Either', 'yes', 'no'] }, 'yes'],
    ['Fn::FindInMap', { 'Fn::FindInMap': ['Sizes', 'small', 'memory'] }, 128],
    ['Fn::ImportValue', { 'Fn::ImportValue': 'other:Key' }, 'arn:key'],
    ['AWS::NoValue', { a: { Ref: 'AWS::NoValue' }, b: [1, { Ref: 'AWS::NoValue' }] }, { b: [1] }],
  ])('resolves %s', (_, value, expected) => {
    expect(intrinsics.resolve(value)).toEqual(expected);
  });

  it.each<[string, Json, string]>([
    ['a function that nobody knows', { 'Fn::Cidr': ['10.0.0.0/8', 2, 8] }, 'Fn::Cidr'],
    ['an attribute that the resource lacks', { 'Fn::GetAtt': ['Queue', 'Color'] }, 'Queue.Color'],
    ['an export that no stack makes', { 'Fn::ImportValue': 'nobody' }, 'nobody'],
    ['a resource that was not made', { Ref: 'Ghost' }, 'Ghost'],
  ])('is refused for %s', (_, value, name) => {
    expect(() => intrinsics.resolve(value)).toThrow(name);
  });
});

describe('provisioning', () => {
  const provisioned = (type: string, properties: JsonObject) =>
    provision([stackOf({ resources: { Thing: { type, properties, dependsOn: [] } } })], untouchable);

  it('stops at a type that it does not know, and names type and resource', async () => {
    await expect(provisioned('AWS::EC2::Vpc', {})).rejects.toThrow('AWS::EC2::Vpc Thing: local AWS does not know');
  });

  it('says which resource could not be made', async () => {
    const properties = { BucketName: 'b' };
    await expect(provisioned('AWS::S3::Bucket', properties)).rejects.toThrow(
      /^AWS::S3::Bucket Thing: clients was touched/,
    );
  });
});

describe('a state machine', () => {
  const provisioned = async (properties: JsonObject) => {
    const identities = new Identities(ENVIRONMENT.accountId);
    const role = identities.createRole('runner', []);
    const defined: StateMachineDefinition[] = [];
    const known: Partial<Record<string | symbol, unknown>> = {
      ...ENVIRONMENT,
      identities,
      apis: new Map(),
      host: { functions: [] },
      roles: new Map([[role.name, role]]),
      stepFunctions: { define: (machine: StateMachineDefinition) => defined.push(machine) },
    };
    const cloud = new Proxy({}, { get: (_, name) => known[name] }) as Cloud;
    const whole = {
      StateMachineName: 'walk',
      StateMachineType: 'STANDARD',
      RoleArn: role.arn,
      DefinitionString: `{"Resource":"${of('Function')}","Format":"${of('Function')} {}"}`,
      DefinitionSubstitutions: { Function: 'arn:function' },
      LoggingConfiguration: { Level: 'ERROR', IncludeExecutionData: false, Destinations: [] },
      TracingConfiguration: { Enabled: true },
      ...properties,
    };
    const type = 'AWS::StepFunctions::StateMachine';
    const resources = { Walk: { type, properties: whole, dependsOn: [] } };
    const outputs = { Arn: { Value: { Ref: 'Walk' } } };
    const made = await provision([stackOf({ resources, outputs })], cloud);
    return { defined, arn: made.stack?.Arn, caller: identities.find('runner') };
  };

  it('is told its definition with the substitutions made, and calls as its role', async () => {
    const { defined, arn, caller } = await provisioned({});
    expect(arn).toBe('arn:aws:states:eu-west-1:111122223333:stateMachine:walk');
    expect(defined).toEqual([
      {
        name: 'walk',
        roleArn: 'arn:aws:iam::111122223333:role/runner',
        definition: '{"Resource":"arn:function","Format":"arn:function {}"}',
      },
    ]);
    expect(caller).toMatchObject({ name: 'walk', kind: 'state-machine', role: { name: 'runner' } });
  });

  it.each<[string, JsonObject, string]>([
    ['another type', { StateMachineType: 'EXPRESS' }, 'StateMachineType must be one of STANDARD'],
    ['a role that was not made', { RoleArn: 'arn:nobody' }, 'there is no role arn:nobody'],
    ['a placeholder without a value', { DefinitionSubstitutions: {} }, `no value for ${of('Function')}`],
    [
      'a property that nobody knows',
      { EncryptionConfiguration: {} },
      'local AWS does not know EncryptionConfiguration',
    ],
  ])('is refused with %s', async (_, properties, message) => {
    await expect(provisioned(properties)).rejects.toThrow(message);
  });
});

describe('the properties of a resource', () => {
  it('are all to be read: what nobody asked for is an error', () => {
    const properties = new Properties({ Known: 'a', Part: { Inner: 1, Other: 2 }, New: true }, 'AWS::X Thing');
    properties.text('Known');
    properties.part('Part').number('Inner');
    expect(() => properties.assertAllRead()).toThrow('AWS::X Thing: local AWS does not know New');
    properties.ignore('New');
    expect(() => properties.assertAllRead()).toThrow('AWS::X Thing.Part: local AWS does not know Other');
  });

  it('are refused with their place when they are of another kind', () => {
    const properties = new Properties({ Mode: 'SOMETIMES', Count: 'many' }, 'AWS::X Thing');
    expect(() => properties.oneOf('Mode', ['ALWAYS', 'NEVER'])).toThrow(
      'AWS::X Thing.Mode must be one of ALWAYS, NEVER',
    );
    expect(() => properties.number('Count')).toThrow('AWS::X Thing.Count must be a number');
    expect(() => properties.text('Absent')).toThrow('AWS::X Thing.Absent must be text');
  });
});
