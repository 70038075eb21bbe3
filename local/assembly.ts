import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isObject, type Json, type JsonObject, TemplateError } from './properties.ts';

/** One stack of what `cdk synth` wrote. */
export interface StackTemplate {
  readonly stackName: string;
  readonly resources: Readonly<Record<string, TemplateResource>>;
  readonly outputs: JsonObject;
  readonly conditions: JsonObject;
  readonly mappings: JsonObject;
  readonly parameters: JsonObject;
  /** Folder of an asset by the S3 key that the template gives it. */
  readonly assetFolders: ReadonlyMap<string, string>;
}

export interface TemplateResource {
  readonly type: string;
  readonly properties: JsonObject;
  readonly dependsOn: readonly string[];
  readonly condition?: string;
}

/** Reads a cloud assembly (`cdk.out`): its stacks, those that others depend on first. */
export async function readAssembly(folder: string): Promise<readonly StackTemplate[]> {
  const artifacts = objectAt(await readJson(join(folder, 'manifest.json')), 'artifacts');
  const ordered: string[] = [];
  const visit = (id: string) => {
    const artifact = artifacts[id];
    if (!isObject(artifact) || artifact.type !== 'aws:cloudformation:stack' || ordered.includes(id)) return;
    for (const dependency of listOf(artifact.dependencies)) visit(String(dependency));
    ordered.push(id);
  };
  for (const id of Object.keys(artifacts)) visit(id);
  return Promise.all(ordered.map((id) => readStack(folder, id, objectAt(objectAt(artifacts, id), 'properties'))));
}

async function readStack(folder: string, id: string, properties: JsonObject): Promise<StackTemplate> {
  const template = await readJson(join(folder, String(properties.templateFile)));
  const assets = await readJson(join(folder, `${id}.assets.json`));
  const resources = Object.entries(objectAt(template, 'Resources')).map(([logicalId, value]) => {
    if (!isObject(value)) throw new TemplateError(`${id}: resource ${logicalId} is no object`);
    return [logicalId, readResource(value)] as const;
  });
  return {
    stackName: String(properties.stackName ?? id),
    resources: Object.fromEntries(resources),
    outputs: objectAt(template, 'Outputs'),
    conditions: objectAt(template, 'Conditions'),
    mappings: objectAt(template, 'Mappings'),
    parameters: objectAt(template, 'Parameters'),
    assetFolders: assetFolders(folder, objectAt(assets, 'files')),
  };
}

function readResource(value: JsonObject): TemplateResource {
  return {
    type: String(value.Type),
    properties: objectAt(value, 'Properties'),
    dependsOn: [value.DependsOn ?? []].flat().map(String),
    ...(typeof value.Condition === 'string' ? { condition: value.Condition } : {}),
  };
}

function assetFolders(folder: string, files: JsonObject): ReadonlyMap<string, string> {
  const folders = new Map<string, string>();
  for (const file of Object.values(files)) {
    if (!isObject(file)) continue;
    const source = objectAt(file, 'source');
    for (const destination of Object.values(objectAt(file, 'destinations'))) {
      if (isObject(destination)) folders.set(String(destination.objectKey), join(folder, String(source.path)));
    }
  }
  return folders;
}

async function readJson(file: string): Promise<JsonObject> {
  const value: Json = JSON.parse(await readFile(file, 'utf8'));
  if (!isObject(value)) throw new TemplateError(`${file} holds no JSON object`);
  return value;
}

/** The object under a name, or an empty one if the name is absent. */
function objectAt(value: JsonObject, name: string): JsonObject {
  const found = value[name] ?? {};
  if (!isObject(found)) throw new TemplateError(`${name} is no object`);
  return found;
}

function listOf(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : [];
}
