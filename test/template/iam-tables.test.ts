import { describe, expect, it } from 'vitest';
import { FUNCTION_NAMES } from '../../cdk/names.ts';
import { ROLES } from '../../lib/contracts/roles.ts';
import { type Principal, Simulator } from './support/simulate.ts';
import { synthesise } from './support/synth.ts';

const prod = new Simulator(synthesise('prod'));

const TABLES = ['EvidenceTable', 'RegistryTable', 'WorkflowTable'] as const;
const ACTIONS = [
  'BatchGetItem',
  'BatchWriteItem',
  'ConditionCheckItem',
  'DeleteItem',
  'GetItem',
  'PutItem',
  'Query',
  'Scan',
  'UpdateItem',
  'DeleteTable',
  'UpdateTable',
] as const;
type Action = (typeof ACTIONS)[number];

/** Everything that anybody may do with a table. */
const ALLOWED: Readonly<Record<(typeof TABLES)[number], Partial<Record<Principal, readonly Action[]>>>> = {
  EvidenceTable: {
    'function:intake': ['GetItem', 'PutItem'],
    'function:artifacts': ['GetItem', 'PutItem'],
    'function:artifact-verifier': ['GetItem', 'PutItem'],
    'function:registry': ['PutItem'],
    'function:holds': ['GetItem', 'PutItem'],
    'function:reader': ['GetItem', 'Query'],
    'function:gates': ['BatchGetItem', 'PutItem', 'Query'],
    'function:policies': ['GetItem', 'PutItem'],
    'role:rebuilder': ['DeleteItem', 'PutItem', 'Scan'],
  },
  RegistryTable: {
    'function:intake': ['BatchGetItem', 'ConditionCheckItem', 'GetItem'],
    'function:artifacts': ['BatchGetItem', 'ConditionCheckItem', 'GetItem'],
    'function:artifact-verifier': ['BatchGetItem', 'ConditionCheckItem', 'GetItem'],
    'function:holds': ['GetItem'],
    'function:registry': ['BatchGetItem', 'GetItem', 'PutItem', 'Query'],
    'function:reader': ['BatchGetItem', 'GetItem', 'Query'],
    'function:gates': ['BatchGetItem', 'GetItem', 'Query'],
    'function:policies': ['GetItem', 'PutItem', 'Query'],
    'role:rebuilder': ['DeleteItem', 'PutItem', 'Scan'],
  },
  // Promotion and approval come later; nobody writes the table yet.
  WorkflowTable: { 'function:gates': ['Query'] },
};

const principals: readonly Principal[] = [
  ...FUNCTION_NAMES.map((name) => `function:${name}` as const),
  ...ROLES.map((role) => `role:${role}` as const),
];

describe.each(TABLES)('%s', (table) => {
  const resource = prod.arn('AWS::DynamoDB::Table', table);
  const writes: readonly Action[] = ['BatchWriteItem', 'DeleteItem', 'PutItem', 'UpdateItem'];
  it.each(['administrator', 'deployment'] as const)(
    'the %s reads and configures it, and writes no item',
    async (principal) => {
      for (const action of ACTIONS) {
        const decision = await prod.simulate({ principal, action: `dynamodb:${action}`, resource });
        expect(decision, action).toBe(writes.includes(action) ? 'ExplicitlyDenied' : 'Allowed');
      }
      for (const action of ['PartiQLInsert', 'PartiQLUpdate', 'PartiQLDelete']) {
        const request = { principal, action: `dynamodb:${action}`, resource };
        expect(await prod.simulate(request), action).toBe('ExplicitlyDenied');
      }
    },
  );

  it.each(['PutResourcePolicy', 'DeleteResourcePolicy'])('%s is left to deployments', async (name) => {
    const action = `dynamodb:${name}`;
    expect(await prod.simulate({ principal: 'administrator', action, resource })).toBe('ExplicitlyDenied');
    expect(await prod.simulate({ principal: 'deployment', action, resource })).toBe('Allowed');
  });

  it.each(principals)('%s does what is listed and nothing else', async (principal) => {
    const allowed = ALLOWED[table][principal] ?? [];
    const decisions = await Promise.all(
      ACTIONS.map((action) => prod.simulate({ principal, action: `dynamodb:${action}`, resource })),
    );
    expect(ACTIONS.filter((_, index) => decisions[index] === 'Allowed').sort()).toEqual([...allowed].sort());
  });
});

describe('the registry table', () => {
  const PARTITIONS = {
    registry: ['caller#AROAEXAMPLE', 'principal#pipeline', 'key#0123', 'evidence-key'],
    policies: ['policy#0123', 'policies', 'policy-activation', 'waivers'],
  } as const;
  const resource = prod.arn('AWS::DynamoDB::Table', 'RegistryTable');
  const others = { registry: PARTITIONS.policies, policies: PARTITIONS.registry };
  const write = (name: keyof typeof PARTITIONS, partition: string) =>
    prod.simulate({
      principal: `function:${name}`,
      action: 'dynamodb:PutItem',
      resource,
      context: { 'dynamodb:LeadingKeys': [partition] },
    });

  it.each(['registry', 'policies'] as const)('takes from the %s function what is its to write', async (name) => {
    for (const partition of PARTITIONS[name]) expect(await write(name, partition), partition).toBe('Allowed');
  });

  it.each(['registry', 'policies'] as const)('takes nothing else from the %s function', async (name) => {
    for (const partition of others[name]) expect(await write(name, partition), partition).toBe('ImplicitlyDenied');
  });
});
