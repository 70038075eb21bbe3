import { runSimulation, type Simulation } from '@cloud-copilot/iam-simulate';
import {
  EMERGENCY_ROLES,
  emergencyRoleName,
  FUNCTION_NAMES,
  type FunctionName,
  functionRoleName,
  rolePolicyName,
  STATE_MACHINE_NAMES,
  type StateMachineName,
  stateMachineRoleName,
} from '../../../cdk/names.ts';
import { ROLES, type Role } from '../../../lib/contracts/roles.ts';
import { type Deployment, EXAMPLE, Resolver } from './resolve.ts';
import { ofType, only, type Template, type Templates, templatesOf } from './synth.ts';

/**
 * Who asks. A function and a state machine have their execution roles; a role of ROLES is some IAM role with its managed policy attached
 * (the emergency roles: the roles that the template makes); the administrator has AWS's AdministratorAccess, and so has
 * the role that `cdk bootstrap` made for deployments; the trail is CloudTrail, an AWS service.
 */
export type Principal =
  | `function:${FunctionName}`
  | `machine:${StateMachineName}`
  | `role:${Role}`
  | 'administrator'
  | 'deployment'
  | 'trail';

export interface Request {
  readonly principal: Principal;
  /** Such as `s3:PutObject`. */
  readonly action: string;
  /** ARN. */
  readonly resource: string;
  /** Condition keys of the request, besides those that every request of ours has. */
  readonly context?: Readonly<Record<string, string | string[]>>;
}

export type Decision = 'Allowed' | 'ImplicitlyDenied' | 'ExplicitlyDenied';

interface PolicyDocument {
  readonly Version: string;
  readonly Statement: readonly unknown[];
}

/** AWS evaluates a request by the identity's policies and the policy of the bucket, table, key or bus that it is about. */
export class Simulator {
  readonly #templates: Templates;
  readonly #at: Deployment;
  readonly #resolver: Resolver;
  readonly #resourcePolicies: ReadonlyMap<string, PolicyDocument>;

  constructor(templates: Templates, at: Deployment = EXAMPLE) {
    this.#templates = templates;
    this.#at = at;
    this.#resolver = new Resolver(templates, at);
    this.#resourcePolicies = this.#readResourcePolicies();
  }

  /** @throws Error when the request itself makes no sense: an unknown action, a condition key that it cannot have. */
  async simulate({ principal, action, resource, context }: Request): Promise<Decision> {
    const simulation: Simulation = {
      request: {
        principal: this.#caller(principal),
        action: STAND_INS[action] ?? action,
        resource: { resource, accountId: this.#at.account },
        contextVariables: {
          ...this.#callerContext(principal),
          'aws:SecureTransport': 'true',
          ...(action.startsWith('s3:') ? { 's3:TlsVersion': '1.3' } : {}),
          ...withContextStandIns(context),
        },
      },
      identityPolicies: this.#identityPolicies(principal),
      serviceControlPolicies: [],
      resourceControlPolicies: [],
      resourcePolicy: this.#resourcePolicies.get(resourceOwner(resource)),
    };
    const answer = await runSimulation(simulation, {});
    if (answer.resultType === 'error') {
      throw new Error(`${action} on ${resource}: ${JSON.stringify(answer.errors)}`);
    }
    return answer.overallResult;
  }

  /** ARN of a resource of the templates, by the beginning of its logical id. */
  arn(type: string, idPrefix: string): string {
    for (const template of templatesOf(this.#templates)) {
      const found = ofType(template, type).filter(([id]) => id.startsWith(idPrefix));
      if (found.length > 0) return this.#resolver.arn(only(template, type, idPrefix)[0], template);
    }
    throw new Error(`no resource of type ${type} begins with ${idPrefix}`);
  }

  /** ARN that `execute-api:Invoke` is asked for when a route is called. */
  routeArn(method: string, path: string): string {
    const { service, stage } = this.#templates;
    const api = this.#resolver.name(only(service, 'AWS::ApiGateway::RestApi', 'Api')[0], service);
    return `arn:aws:execute-api:${this.#at.region}:${this.#at.account}:${api}/${stage}/${method}${path}`;
  }

  #caller(principal: Principal): string {
    if (principal === 'trail') return 'cloudtrail.amazonaws.com';
    return `arn:aws:sts::${this.#at.account}:assumed-role/${this.#roleName(principal)}/session`;
  }

  /** The global condition keys that tell who asks. */
  #callerContext(principal: Principal): Record<string, string> {
    if (principal !== 'trail') {
      return { 'aws:PrincipalArn': `arn:aws:iam::${this.#at.account}:role/${this.#roleName(principal)}` };
    }
    return { 'aws:SourceArn': this.arn('AWS::CloudTrail::Trail', 'Trail'), 'aws:SourceAccount': this.#at.account };
  }

  #roleName(principal: Principal): string {
    const { stage } = this.#templates;
    if (principal === 'administrator') return 'Admin';
    // Its name is CDK's: "Bootstrapping: template contract", AWS CDK Developer Guide.
    if (principal === 'deployment') return `cdk-hnb659fds-cfn-exec-role-${this.#at.account}-${this.#at.region}`;
    const [kind, name] = principal.split(':');
    const emergency = EMERGENCY_ROLES.find((candidate) => kind === 'role' && candidate === name);
    if (emergency !== undefined) return emergencyRoleName(stage, emergency);
    const machine = STATE_MACHINE_NAMES.find((candidate) => kind === 'machine' && candidate === name);
    if (machine !== undefined) return stateMachineRoleName(stage, machine);
    const fn = FUNCTION_NAMES.find((candidate) => kind === 'function' && candidate === name);
    return fn === undefined ? `customer-${name}` : functionRoleName(stage, fn);
  }

  #identityPolicies(principal: Principal): Simulation['identityPolicies'] {
    if (principal === 'trail') return [];
    if (principal === 'administrator' || principal === 'deployment') {
      const everything = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] };
      return [{ name: 'AdministratorAccess', policy: everything }];
    }
    const { stage } = this.#templates;
    const attached = templatesOf(this.#templates).flatMap((template) =>
      ofType(template, 'AWS::IAM::ManagedPolicy')
        .map(([id, { Properties }]) => ({ id, template, Properties }))
        .filter(({ Properties }) => {
          if (principal.startsWith('role:')) {
            return Properties.ManagedPolicyName === rolePolicyName(stage, roleOf(principal));
          }
          const roles = this.#resolver.resolve(Properties.Roles ?? [], template);
          return Array.isArray(roles) && roles.includes(this.#roleName(principal));
        }),
    );
    if (attached.length === 0) throw new Error(`${principal} has no policy`);
    return attached.map(({ id, template, Properties }) => ({
      name: id,
      policy: withStandIns(this.#resolver.resolve(Properties.PolicyDocument, template)),
    }));
  }

  #readResourcePolicies(): ReadonlyMap<string, PolicyDocument> {
    const policies = new Map<string, PolicyDocument>();
    const { data } = this.#templates;
    for (const [id, { Properties }] of ofType(data, 'AWS::KMS::Key')) {
      policies.set(this.#resolver.arn(id, data), this.#document(Properties.KeyPolicy, data));
    }
    for (const [id, { Properties }] of ofType(data, 'AWS::DynamoDB::Table')) {
      const { ResourcePolicy: policy } = Properties;
      if (typeof policy !== 'object' || policy === null || !('PolicyDocument' in policy)) continue;
      policies.set(this.#resolver.arn(id, data), this.#document(policy.PolicyDocument, data));
    }
    for (const [, { Properties }] of ofType(data, 'AWS::S3::BucketPolicy')) {
      const bucket = `arn:aws:s3:::${String(this.#resolver.resolve(Properties.Bucket, data))}`;
      policies.set(bucket, this.#document(Properties.PolicyDocument, data));
    }
    for (const [, { Properties }] of ofType(data, 'AWS::Events::EventBusPolicy')) {
      const bus = `arn:aws:events:${this.#at.region}:${this.#at.account}:event-bus/${String(this.#resolver.resolve(Properties.EventBusName, data))}`;
      const others = policies.get(bus)?.Statement ?? [];
      policies.set(bus, this.#document({ Statement: [...others, Properties.Statement] }, data));
    }
    return policies;
  }

  #document(value: unknown, template: Template): PolicyDocument {
    const document = withStandIns(this.#resolver.resolve(value, template));
    if (typeof document !== 'object' || document === null || !('Statement' in document)) {
      throw new Error('a resource policy has no statements');
    }
    return { Version: '2012-10-17', Statement: [document.Statement].flat() };
  }
}

/**
 * AWS asks about the state machine when somebody ends a wait, and its error says so. The reference, from which the simulator
 * has its data, names no resource for them; so they are put to it as actions on state machines that no policy
 * of ours grants. Seen by people who granted both ways: aws/aws-cdk pull request 8486.
 */
const STAND_INS: Readonly<Record<string, string>> = {
  'states:SendTaskFailure': 'states:DeleteStateMachine',
  'states:SendTaskHeartbeat': 'states:TagResource',
  'states:SendTaskSuccess': 'states:UpdateStateMachine',
};

/**
 * The simulator knows keys that end in a name of the caller's only where a slash comes before it, so those of encryption contexts are
 * put to it as tags of the principal, which every request may have.
 */
const CONTEXT = 'kms:EncryptionContext:';
const CONTEXT_STAND_IN = 'aws:PrincipalTag/kms-encryption-context-';

function withContextStandIns(context: Request['context'] = {}): Record<string, string | string[]> {
  return Object.fromEntries(
    Object.entries(context).map(([name, value]) => [name.replace(CONTEXT, CONTEXT_STAND_IN), value]),
  );
}

function withStandIns(policy: unknown): unknown {
  const written = Object.entries(STAND_INS).reduce(
    (text, [action, standIn]) => text.replaceAll(`"${action}"`, `"${standIn}"`),
    JSON.stringify(policy).replaceAll(`"${CONTEXT}`, `"${CONTEXT_STAND_IN}`),
  );
  return JSON.parse(written);
}

function roleOf(principal: Principal): Role {
  const name = principal.slice('role:'.length);
  const role = ROLES.find((candidate) => candidate === name);
  if (role === undefined) throw new Error(`there is no role ${name}`);
  return role;
}

/** The bucket of an object, or the resource itself. */
function resourceOwner(arn: string): string {
  return arn.startsWith('arn:aws:s3:::') ? (arn.split('/')[0] ?? arn) : arn;
}
