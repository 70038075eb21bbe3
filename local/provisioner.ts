import { createHash } from 'node:crypto';
import type { StackTemplate, TemplateResource } from './assembly.ts';
import { messageOf } from './errors.ts';
import { Intrinsics } from './intrinsics.ts';
import { isObject, type Json, Properties, TemplateError } from './properties.ts';
import { apiGatewayMakers, deployApis } from './resources/api-gateway.ts';
import { dynamodbMakers } from './resources/dynamodb.ts';
import { eventSourceMakers } from './resources/event-source.ts';
import { eventsMakers } from './resources/events.ts';
import { iamMakers } from './resources/iam.ts';
import { kmsMakers } from './resources/kms.ts';
import { lambdaMakers } from './resources/lambda.ts';
import { type Cloud, type Makers, withoutEffect } from './resources/maker.ts';
import { messagingMakers } from './resources/messaging.ts';
import { observabilityMakers } from './resources/observability.ts';
import { s3Makers } from './resources/s3.ts';
import { sesMakers } from './resources/ses.ts';
import { stepFunctionsMakers } from './resources/step-functions.ts';

const MAKERS: Makers = {
  ...apiGatewayMakers,
  ...dynamodbMakers,
  ...eventsMakers,
  ...eventSourceMakers,
  ...iamMakers,
  ...kmsMakers,
  ...lambdaMakers,
  ...messagingMakers,
  ...observabilityMakers,
  ...s3Makers,
  ...sesMakers,
  ...stepFunctionsMakers,
  // Tells AWS which constructs are in use.
  'AWS::CDK::Metadata': withoutEffect,
};

/** Outputs of the stacks, by stack and output name. */
export type Outputs = Readonly<Record<string, Readonly<Record<string, string>>>>;

/**
 * Creates what the templates name, each stack after those it depends on, each resource after those it refers to.
 *
 * @throws TemplateError naming the resource that cannot be made here: an unknown type, property or function.
 */
export async function provision(stacks: readonly StackTemplate[], cloud: Cloud): Promise<Outputs> {
  const exports = new Map<string, Json>();
  const outputs: Record<string, Record<string, string>> = {};
  for (const stack of stacks) {
    const intrinsics = new Intrinsics(stack, cloud, exports);
    for (const logicalId of inOrder(stack, intrinsics)) await make(stack, logicalId, intrinsics, cloud);
    const mine: Record<string, string> = {};
    for (const [name, output] of Object.entries(stack.outputs)) {
      if (!isObject(output)) throw new TemplateError(`${stack.stackName}: output ${name} is no object`);
      const value = intrinsics.resolve(output.Value ?? null);
      mine[name] = String(value);
      if (isObject(output.Export)) exports.set(String(intrinsics.resolve(output.Export.Name ?? null)), value);
    }
    outputs[stack.stackName] = mine;
  }
  const here = await deployApis(cloud);
  for (const definition of cloud.host.functions) definition.environment = textsOf(definition.environment, here);
  return Object.fromEntries(Object.entries(outputs).map(([stack, mine]) => [stack, textsOf(mine, here)]));
}

function textsOf(texts: Readonly<Record<string, string>>, change: (text: string) => string): Record<string, string> {
  return Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, change(text)]));
}

async function make(stack: StackTemplate, logicalId: string, intrinsics: Intrinsics, cloud: Cloud): Promise<void> {
  const resource = resourceAt(stack, logicalId);
  if (resource.condition !== undefined && !intrinsics.holds(resource.condition)) return;
  const where = `${resource.type} ${logicalId}`;
  const maker = MAKERS[resource.type];
  if (maker === undefined) {
    throw new TemplateError(`${where}: local AWS does not know this type; add a maker in local/resources`);
  }
  try {
    const properties = new Properties(intrinsics.resolveObject(resource.properties), where);
    const made = await maker(properties, {
      cloud,
      logicalId,
      stackName: stack.stackName,
      assetFolder: (s3Key) => assetFolder(stack, s3Key),
      generatedName: () => generatedName(stack.stackName, logicalId),
    });
    properties.assertAllRead();
    intrinsics.note(logicalId, made);
  } catch (error) {
    if (error instanceof TemplateError && error.message.startsWith(where)) throw error;
    throw new TemplateError(`${where}: ${messageOf(error)}`, { cause: error });
  }
}

/** Logical ids, each after those that it names. A template has no cycles: CloudFormation refuses them. */
function inOrder(stack: StackTemplate, intrinsics: Intrinsics): readonly string[] {
  const ordered = new Set<string>();
  const visit = (logicalId: string) => {
    if (ordered.has(logicalId)) return;
    const resource = resourceAt(stack, logicalId);
    for (const other of [...resource.dependsOn, ...intrinsics.references(resource.properties)]) {
      if (other !== logicalId) visit(other);
    }
    ordered.add(logicalId);
  };
  for (const logicalId of Object.keys(stack.resources)) visit(logicalId);
  return [...ordered];
}

function resourceAt(stack: StackTemplate, logicalId: string): TemplateResource {
  const resource = stack.resources[logicalId];
  if (resource === undefined) throw new TemplateError(`${stack.stackName} has no resource ${logicalId}`);
  return resource;
}

function assetFolder(stack: StackTemplate, s3Key: string): string {
  const folder = stack.assetFolders.get(s3Key);
  if (folder === undefined) throw new TemplateError(`the assembly has no asset ${s3Key}`);
  return folder;
}

/** At most 63 characters, lower case: fit for a bucket, which has the narrowest rules. */
function generatedName(stackName: string, logicalId: string): string {
  const unique = createHash('sha256').update(`${stackName}/${logicalId}`).digest('hex').slice(0, 8);
  return `${stackName}-${logicalId}`.toLowerCase().slice(0, 54).concat('-', unique);
}
