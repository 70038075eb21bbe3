import { type Resource, type Template, type Templates, templatesOf } from './synth.ts';

/** Where the template is deployed, as far as names depend on it. */
export interface Deployment {
  readonly account: string;
  readonly region: string;
  /** Physical name or id that a resource got; absent: one made from its logical id. */
  readonly physicalName?: (logicalId: string, type: string) => string | undefined;
}

export const EXAMPLE: Deployment = { account: '123456789012', region: 'eu-central-1' };

/** Property that holds the physical name where the template sets one. */
const NAME_PROPERTIES: Readonly<Record<string, string>> = {
  'AWS::ApiGateway::Stage': 'StageName',
  'AWS::CloudTrail::Trail': 'TrailName',
  'AWS::Events::EventBus': 'Name',
  'AWS::Events::Rule': 'Name',
  'AWS::IAM::ManagedPolicy': 'ManagedPolicyName',
  'AWS::IAM::Role': 'RoleName',
  'AWS::Lambda::Function': 'FunctionName',
  'AWS::Logs::LogGroup': 'LogGroupName',
  'AWS::SNS::Topic': 'TopicName',
  'AWS::SQS::Queue': 'QueueName',
};

/** ARN of a resource without partition, by type. */
const ARNS: Readonly<Record<string, (name: string, at: Deployment) => string>> = {
  'AWS::CloudTrail::Trail': (name, at) => `cloudtrail:${at.region}:${at.account}:trail/${name}`,
  'AWS::DynamoDB::Table': (name, at) => `dynamodb:${at.region}:${at.account}:table/${name}`,
  'AWS::Events::EventBus': (name, at) => `events:${at.region}:${at.account}:event-bus/${name}`,
  'AWS::Events::Rule': (name, at) => `events:${at.region}:${at.account}:rule/${name}`,
  'AWS::IAM::ManagedPolicy': (name, at) => `iam::${at.account}:policy/${name}`,
  'AWS::IAM::Role': (name, at) => `iam::${at.account}:role/${name}`,
  'AWS::KMS::Key': (name, at) => `kms:${at.region}:${at.account}:key/${name}`,
  'AWS::Lambda::Function': (name, at) => `lambda:${at.region}:${at.account}:function:${name}`,
  'AWS::Logs::LogGroup': (name, at) => `logs:${at.region}:${at.account}:log-group:${name}:*`,
  'AWS::S3::Bucket': (name) => `s3:::${name}`,
  'AWS::SNS::Topic': (name, at) => `sns:${at.region}:${at.account}:${name}`,
  'AWS::SQS::Queue': (name, at) => `sqs:${at.region}:${at.account}:${name}`,
  'AWS::WAFv2::WebACL': (name, at) => `wafv2:${at.region}:${at.account}:regional/webacl/${name}`,
};

/** Resources whose `Ref` is the ARN and not the name. */
const REF_IS_ARN = ['AWS::IAM::ManagedPolicy', 'AWS::SNS::Topic'];

/** Replaces the intrinsic functions that our templates use by what they would be in a deployment. */
export class Resolver {
  readonly #templates: Templates;
  readonly #at: Deployment;

  constructor(templates: Templates, at: Deployment = EXAMPLE) {
    this.#templates = templates;
    this.#at = at;
  }

  /** @throws Error for a function or a reference that is not known: a test must not pass on a guess. */
  resolve(value: unknown, template: Template): unknown {
    if (Array.isArray(value)) return value.map((item) => this.resolve(item, template));
    if (typeof value !== 'object' || value === null) return value;
    const entries = Object.entries(value);
    const [first] = entries;
    if (first !== undefined && entries.length === 1 && (first[0] === 'Ref' || first[0].startsWith('Fn::'))) {
      return this.#call(first[0], first[1], template);
    }
    return Object.fromEntries(entries.map(([name, item]) => [name, this.resolve(item, template)]));
  }

  /** ARN of a resource of a template. */
  arn(logicalId: string, template: Template): string {
    const resource = resourceOf(logicalId, template);
    const make = ARNS[resource.Type];
    if (make === undefined) throw new Error(`the ARN of ${resource.Type} is not known`);
    return `arn:aws:${make(this.name(logicalId, template), this.#at)}`;
  }

  /** Physical name or id of a resource of a template. */
  name(logicalId: string, template: Template): string {
    const { Type: type, Properties: properties = {} } = resourceOf(logicalId, template);
    const given = this.#at.physicalName?.(logicalId, type);
    if (given !== undefined) return given;
    const property = NAME_PROPERTIES[type];
    const named = property === undefined ? undefined : properties[property];
    return named === undefined ? logicalId.toLowerCase() : String(this.resolve(named, template));
  }

  #call(name: string, argument: unknown, template: Template): unknown {
    if (name === 'Ref') return this.#ref(String(argument), template);
    if (name === 'Fn::GetAtt') return this.#attribute(argument, template);
    if (name === 'Fn::ImportValue') return this.#import(this.resolve(argument, template));
    if (name === 'Fn::Join' && Array.isArray(argument)) {
      const [separator, parts] = argument;
      const texts = this.resolve(parts, template);
      if (!Array.isArray(texts)) throw new Error('Fn::Join of what is no list');
      return texts.join(String(separator));
    }
    if (name === 'Fn::Sub' && typeof argument === 'string') {
      return argument.replaceAll(/\$\{([^}]+)\}/g, (_, target: string) => String(this.#ref(target, template)));
    }
    throw new Error(`the intrinsic function ${name} is not known`);
  }

  #ref(target: string, template: Template): string {
    const pseudo: Readonly<Record<string, string>> = {
      'AWS::AccountId': this.#at.account,
      'AWS::Partition': 'aws',
      'AWS::Region': this.#at.region,
      'AWS::URLSuffix': 'amazonaws.com',
    };
    const value = pseudo[target];
    if (value !== undefined) return value;
    return REF_IS_ARN.includes(resourceOf(target, template).Type)
      ? this.arn(target, template)
      : this.name(target, template);
  }

  #attribute(argument: unknown, template: Template): string {
    if (!Array.isArray(argument)) throw new Error('Fn::GetAtt of what is no list');
    const [logicalId, attribute] = argument.map(String);
    if (logicalId !== undefined && attribute === 'StreamArn') return `${this.arn(logicalId, template)}/stream/any`;
    if (logicalId === undefined || (attribute !== 'Arn' && attribute !== 'TopicArn')) {
      throw new Error(`the attribute ${attribute} is not known`);
    }
    return this.arn(logicalId, template);
  }

  #import(name: unknown): unknown {
    for (const template of templatesOf(this.#templates)) {
      for (const output of Object.values(template.Outputs)) {
        if (output.Export !== undefined && this.resolve(output.Export.Name, template) === name) {
          return this.resolve(output.Value, template);
        }
      }
    }
    throw new Error(`no stack exports ${String(name)}`);
  }
}

function resourceOf(logicalId: string, template: Template): Resource {
  const resource = template.Resources[logicalId];
  if (resource === undefined) throw new Error(`the template has no resource ${logicalId}`);
  return resource;
}
