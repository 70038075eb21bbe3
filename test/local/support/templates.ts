import type { StackTemplate } from '../../../local/assembly.ts';
import type { JsonObject } from '../../../local/properties.ts';
import type { Cloud } from '../../../local/resources/maker.ts';

/** A stack that has nothing but what is given. */
export function stackOf(changes: Partial<StackTemplate> = {}): StackTemplate {
  return {
    stackName: 'stack',
    resources: {},
    outputs: {},
    conditions: {},
    mappings: {},
    parameters: {},
    assetFolders: new Map(),
    ...changes,
  };
}

/** Resources of a template by logical id, each with its type and properties. */
export function resourcesOf(
  resources: Readonly<Record<string, readonly [type: string, properties: JsonObject]>>,
): StackTemplate['resources'] {
  return Object.fromEntries(
    Object.entries(resources).map(([id, [type, properties]]) => [id, { type, properties, dependsOn: [] }]),
  );
}

/** A cloud of which a maker under test may touch the given parts only. */
export function cloudOf(parts: Partial<Cloud>): Cloud {
  const known: Partial<Record<string | symbol, unknown>> = parts;
  const get = (_: object, name: string | symbol) => {
    if (name in known) return known[name];
    throw new Error(`${String(name)} was touched`);
  };
  return new Proxy({}, { get }) as Cloud;
}
