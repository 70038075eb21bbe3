import { describe, expect, it } from 'vitest';
import { FUNCTION_NAMES } from '../../cdk/names.ts';
import { ROLES } from '../../lib/contracts/roles.ts';
import { workflow } from '../../lib/core/layout.ts';
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
    'function:approvers': ['PutItem'],
    'function:webhooks': ['PutItem'],
    'function:simulator': ['BatchGetItem', 'PutItem', 'Query'],
    'function:promotions': ['PutItem'],
    'function:promoter': ['PutItem'],
    'function:promotion-gate': ['BatchGetItem', 'GetItem', 'PutItem', 'Query'],
    'function:deployer': ['BatchGetItem', 'GetItem'],
    'function:releaser': ['BatchGetItem', 'PutItem', 'Query'],
    'function:incidents': ['PutItem'],
    'function:approval-desk': ['BatchGetItem', 'PutItem'],
    'function:pages': ['BatchGetItem', 'PutItem'],
    'function:approval-watch': ['BatchGetItem', 'PutItem', 'Query'],
    'function:model-mirror': ['BatchGetItem'],
    'role:rebuilder': ['DeleteItem', 'PutItem', 'Scan'],
  },
  RegistryTable: {
    'function:deployer': ['Query'],
    'function:intake': ['BatchGetItem', 'ConditionCheckItem', 'GetItem'],
    'function:artifacts': ['BatchGetItem', 'ConditionCheckItem', 'GetItem'],
    'function:artifact-verifier': ['BatchGetItem', 'ConditionCheckItem', 'GetItem'],
    'function:holds': ['GetItem', 'Query'],
    'function:registry': ['BatchGetItem', 'GetItem', 'PutItem', 'Query'],
    'function:reader': ['BatchGetItem', 'GetItem', 'Query'],
    'function:gates': ['BatchGetItem', 'GetItem', 'Query'],
    'function:policies': ['GetItem', 'PutItem', 'Query'],
    'function:approvers': ['BatchGetItem', 'GetItem', 'PutItem', 'Query'],
    'function:simulator': ['GetItem', 'PutItem', 'Query'],
    'function:waiver-watch': ['Query'],
    'function:promotions': ['BatchGetItem', 'GetItem', 'Query'],
    'function:promoter': ['BatchGetItem', 'GetItem', 'Query'],
    'function:promotion-gate': ['BatchGetItem', 'GetItem', 'Query'],
    'function:releaser': ['GetItem', 'Query'],
    'function:incidents': ['GetItem', 'Query'],
    'function:approval-desk': ['GetItem', 'Query'],
    'function:pages': ['GetItem', 'Query'],
    'function:webhooks': ['GetItem', 'PutItem', 'Query'],
    'function:webhook-sender': ['Query'],
    'function:approval-watch': ['BatchGetItem', 'GetItem', 'Query'],
    'function:model-mirror': ['Query'],
    'role:rebuilder': ['DeleteItem', 'PutItem', 'Scan'],
  },
  WorkflowTable: {
    'function:gates': ['Query'],
    'function:reader': ['GetItem', 'Query'],
    'function:policies': ['PutItem', 'Query'],
    'function:simulator': ['PutItem', 'Query', 'UpdateItem'],
    'function:promotions': ['GetItem', 'PutItem', 'Query'],
    'function:promoter': ['DeleteItem', 'GetItem', 'PutItem', 'Query'],
    'function:promotion-gate': ['PutItem', 'Query'],
    'function:deployer': ['PutItem', 'Query', 'UpdateItem'],
    'function:releaser': ['PutItem', 'Query'],
    'function:incidents': ['DeleteItem', 'GetItem', 'PutItem'],
    'role:rebuilder': ['DeleteItem', 'GetItem', 'PutItem', 'Scan'],
    'function:approval-desk': ['ConditionCheckItem', 'GetItem', 'PutItem', 'Query'],
    'function:pages': ['BatchGetItem', 'ConditionCheckItem', 'GetItem', 'PutItem', 'Query'],
    'function:webhooks': ['PutItem', 'Query'],
    'function:webhook-sender': ['PutItem', 'Query'],
    'function:approval-watch': ['GetItem', 'PutItem', 'Query'],
    'function:model-mirror': ['Query'],
  },
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

describe('the partitions of a table', () => {
  const AUTHORITY = ['caller#AROAEXAMPLE', 'principal#pipeline', 'key#0123', 'evidence-key'];
  const POLICIES = ['policy#0123', 'policies'];
  const INCIDENTS = ['incident#0123', 'findings#open'];
  const RULES = [...POLICIES, 'policy-activation', 'waivers'];
  const KNOWN = {
    RegistryTable: [...AUTHORITY, ...RULES, 'approvers', 'webhooks'],
    WorkflowTable: [
      'deliveries#siem',
      'webhook-stops',
      'simulation#0123',
      'promotion#0123',
      'endpoint#credit',
      'link#0123',
      'findings#open',
      'incident#0123',
      'approvals#0123',
      'releases#credit',
    ],
  } as const;
  const rows: readonly (readonly [keyof typeof KNOWN, Principal, readonly string[]])[] = [
    ['RegistryTable', 'function:registry', AUTHORITY],
    ['RegistryTable', 'function:policies', RULES],
    ['RegistryTable', 'function:approvers', ['approvers']],
    ['RegistryTable', 'function:webhooks', ['webhooks']],
    ['RegistryTable', 'function:simulator', POLICIES],
    ['WorkflowTable', 'function:policies', ['simulation#0123']],
    ['WorkflowTable', 'function:simulator', ['simulation#0123']],
    ['WorkflowTable', 'function:promotions', ['promotion#0123', ...INCIDENTS]],
    ['WorkflowTable', 'function:promoter', ['promotion#0123', 'endpoint#credit', ...INCIDENTS]],
    ['WorkflowTable', 'function:promotion-gate', ['promotion#0123']],
    ['WorkflowTable', 'function:deployer', ['promotion#0123']],
    ['WorkflowTable', 'function:releaser', ['promotion#0123', 'releases#credit']],
    ['WorkflowTable', 'function:incidents', INCIDENTS],
    ['WorkflowTable', 'function:approval-desk', ['promotion#0123', 'link#0123', 'approvals#0123', ...INCIDENTS]],
    ['WorkflowTable', 'function:pages', ['promotion#0123', 'link#0123', 'approvals#0123']],
    ['WorkflowTable', 'function:webhooks', ['deliveries#siem']],
    ['WorkflowTable', 'function:webhook-sender', ['deliveries#siem', 'webhook-stops']],
    ['WorkflowTable', 'function:approval-watch', ['promotion#0123', 'link#0123', ...INCIDENTS]],
  ];

  it.each(rows)('of the %s, %s writes %j and no other', async (table, principal, written) => {
    const resource = prod.arn('AWS::DynamoDB::Table', table);
    for (const partition of KNOWN[table]) {
      const context = { 'dynamodb:LeadingKeys': [partition] };
      const decision = await prod.simulate({ principal, action: 'dynamodb:PutItem', resource, context });
      expect(decision, partition).toBe(written.includes(partition) ? 'Allowed' : 'ImplicitlyDenied');
    }
  });
});

it('how people are reached is read by those who ask them, judge or list them, and by no function that takes evidence in', async () => {
  const resource = prod.arn('AWS::DynamoDB::Table', 'RegistryTable');
  const context = { 'dynamodb:LeadingKeys': ['approvers'] };
  const barred = ['intake', 'artifacts', 'artifact-verifier', 'holds', 'incidents', 'webhooks', 'webhook-sender'];
  for (const name of [...barred, 'waiver-watch', 'deployer', 'model-mirror'] as const) {
    for (const action of ['dynamodb:BatchGetItem', 'dynamodb:GetItem', 'dynamodb:Query']) {
      const request = { principal: `function:${name}` as Principal, action, resource, context };
      expect(await prod.simulate(request), `${name} ${action}`).toBe('ImplicitlyDenied');
    }
  }
});

describe('the index of the workflow table, which holds all of its items', () => {
  const PARTITIONS = [
    workflow.webhooksDue,
    workflow.openAsks,
    workflow.untoldAsks,
    workflow.openPromotions,
    workflow.promotionsOf('credit'),
    workflow.decidedBy('p-1'),
    workflow.simulationsOf('0123'),
    workflow.incidents('open'),
  ];
  const SEEN: Partial<Record<Principal, readonly string[]>> = {
    'function:reader': PARTITIONS,
    'function:webhook-sender': [workflow.webhooksDue],
    'function:approval-watch': [workflow.openAsks, workflow.untoldAsks, workflow.openPromotions],
    'function:deployer': [workflow.promotionsOf('credit')],
    'function:pages': [workflow.promotionsOf('credit')],
    'function:promotions': [workflow.promotionsOf('credit')],
  };

  it.each(principals)('%s sees what it looks for and nothing else', async (principal) => {
    const resource = `${prod.arn('AWS::DynamoDB::Table', 'WorkflowTable')}/index/by-state`;
    for (const partition of PARTITIONS) {
      const context = { 'dynamodb:LeadingKeys': [partition] };
      const decision = await prod.simulate({ principal, action: 'dynamodb:Query', resource, context });
      expect(decision, partition).toBe(SEEN[principal]?.includes(partition) ? 'Allowed' : 'ImplicitlyDenied');
    }
  });
});

it('promotions are started by those who start them, and those who end them', async () => {
  const arn = (resource: string) =>
    `arn:aws:states:eu-central-1:123456789012:${resource}:countersign-prod-promote-model`;
  for (const principal of principals) {
    const may = principal === 'function:promotions' || principal === 'function:promoter';
    const start = { principal, action: 'states:StartExecution', resource: arn('stateMachine') };
    expect(await prod.simulate(start), principal).toBe(may ? 'Allowed' : 'ImplicitlyDenied');
    const stop = { principal, action: 'states:StopExecution', resource: `${arn('execution')}:0123` };
    expect(await prod.simulate(stop), principal).toBe('ImplicitlyDenied');
  }
});

it('simulations are started and watched by the policies function only', async () => {
  const arn = (resource: string) =>
    `arn:aws:states:eu-central-1:123456789012:${resource}:countersign-prod-simulate-policy`;
  for (const principal of principals) {
    const expected = principal === 'function:policies' ? 'Allowed' : 'ImplicitlyDenied';
    const start = { principal, action: 'states:StartExecution', resource: arn('stateMachine') };
    expect(await prod.simulate(start), principal).toBe(expected);
    const watch = { principal, action: 'states:DescribeExecution', resource: `${arn('execution')}:0123-1` };
    expect(await prod.simulate(watch), principal).toBe(expected);
  }
});

it('the waiver watch reads waivers only', async () => {
  const resource = prod.arn('AWS::DynamoDB::Table', 'RegistryTable');
  for (const partition of ['waivers', 'policies', 'caller#AROAEXAMPLE', 'key#0123', 'evidence-key']) {
    const context = { 'dynamodb:LeadingKeys': [partition] };
    const read = { principal: 'function:waiver-watch', action: 'dynamodb:Query', resource, context } as const;
    expect(await prod.simulate(read), partition).toBe(partition === 'waivers' ? 'Allowed' : 'ImplicitlyDenied');
  }
});
