import { ROLES, type Role } from '../lib/contracts/roles.ts';
import { DEMO_ROLES, type DemoIdentity, type DemoName } from './description.ts';
import { type LocalRole, sessionArn } from './identities.ts';
import { TemplateError } from './properties.ts';
import type { Cloud } from './resources/maker.ts';

/** Gives every demo principal a role with the managed policies of the template, and new credentials for it. */
export function createDemoIdentities(cloud: Cloud, stage: string): Readonly<Record<DemoName, DemoIdentity>> {
  const identities: Partial<Record<DemoName, DemoIdentity>> = {};
  for (const name of demoNames()) {
    const roles = DEMO_ROLES[name];
    const role = roleFor(cloud, stage, name, roles);
    const identity = cloud.identities.assume(role, { name, kind: 'demo', sessionName: `${name}-session` });
    identities[name] = {
      roles,
      roleArn: role.arn,
      uniqueId: role.uniqueId,
      userArn: sessionArn(identity),
      accessKeyId: identity.accessKeyId,
      secretAccessKey: identity.secretAccessKey,
    };
  }
  if (!isComplete(identities)) throw new Error('a demo identity is missing');
  return identities;
}

function roleFor(cloud: Cloud, stage: string, name: DemoName, roles: readonly (Role | 'administrator')[]): LocalRole {
  // The emergency roles are in the template itself, because policies and alarms name them.
  const inTemplate = cloud.roles.get(`countersign-${stage}-${name}`);
  if (inTemplate !== undefined) return inTemplate;
  if (roles.includes('administrator')) return cloud.identities.createRole(name, 'everything');
  const statements = ROLES.filter((role) => roles.includes(role)).flatMap((role) => {
    const arn = `arn:aws:iam::${cloud.accountId}:policy/countersign-${stage}-${role}`;
    const policy = cloud.policies.get(arn);
    if (policy === undefined) throw new TemplateError(`the template has no managed policy ${arn}`);
    return policy;
  });
  return cloud.identities.createRole(name, statements);
}

function demoNames(): readonly DemoName[] {
  return Object.keys(DEMO_ROLES).filter((name): name is DemoName => name in DEMO_ROLES);
}

function isComplete(identities: Partial<Record<DemoName, DemoIdentity>>): identities is Record<DemoName, DemoIdentity> {
  return demoNames().every((name) => identities[name] !== undefined);
}
