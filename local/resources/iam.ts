import type { LocalRole } from '../identities.ts';
import { statementsOf } from '../policies.ts';
import { TemplateError } from '../properties.ts';
import type { Cloud, Maker, Makers } from './maker.ts';

/** Roles and policies live in the front door: it alone knows who calls. */
const role: Maker = (properties, context) => {
  const { cloud } = context;
  const name = properties.optionalText('RoleName') ?? context.generatedName();
  const made = cloud.identities.createRole(name, [], properties.optionalText('Path'));
  cloud.roles.set(name, made);
  for (const policy of properties.parts('Policies')) {
    policy.ignore('PolicyName');
    attach(made, statementsOf(policy.value('PolicyDocument')));
  }
  for (const arn of properties.texts('ManagedPolicyArns')) {
    // AWS's own managed policies (arn:aws:iam::aws:…) concern services that are not called through the front door.
    if (!arn.startsWith('arn:aws:iam::aws:')) attach(made, policyAt(cloud, arn));
  }
  properties.ignore('AssumeRolePolicyDocument', 'Description', 'MaxSessionDuration', 'PermissionsBoundary', 'Tags');
  return { ref: name, attributes: { Arn: made.arn, RoleId: made.uniqueId } };
};

const managedPolicy: Maker = (properties, context) => {
  const { cloud } = context;
  const name = properties.optionalText('ManagedPolicyName') ?? context.generatedName();
  const arn = `arn:aws:iam::${cloud.accountId}:policy${properties.optionalText('Path') ?? '/'}${name}`;
  const statements = statementsOf(properties.value('PolicyDocument'));
  cloud.policies.set(arn, statements);
  for (const roleName of properties.texts('Roles')) attach(roleAt(cloud, roleName), statements);
  properties.ignore('Description', 'Groups', 'Users', 'Tags');
  return { ref: arn, attributes: { PolicyArn: arn } };
};

const inlinePolicy: Maker = (properties, { cloud, logicalId }) => {
  const statements = statementsOf(properties.value('PolicyDocument'));
  for (const roleName of properties.texts('Roles')) attach(roleAt(cloud, roleName), statements);
  properties.ignore('PolicyName');
  return { ref: logicalId };
};

function attach(role: LocalRole, statements: ReturnType<typeof statementsOf>): void {
  if (role.statements !== 'everything') role.statements.push(...statements);
}

function roleAt(cloud: Cloud, name: string): LocalRole {
  const found = cloud.roles.get(name);
  if (found === undefined) throw new TemplateError(`there is no role ${name}`);
  return found;
}

function policyAt(cloud: Cloud, arn: string): ReturnType<typeof statementsOf> {
  const found = cloud.policies.get(arn);
  if (found === undefined) throw new TemplateError(`there is no managed policy ${arn}`);
  return found;
}

export const iamMakers: Makers = {
  'AWS::IAM::Role': role,
  'AWS::IAM::ManagedPolicy': managedPolicy,
  'AWS::IAM::Policy': inlinePolicy,
};
