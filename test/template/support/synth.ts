import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BuildProps, buildApp } from '../../../cdk/build.ts';
import { type StageConfig, stageConfig } from '../../../cdk/config.ts';

/** One resource of a synthesised template. */
export interface Resource {
  readonly Type: string;
  readonly Properties: Readonly<Record<string, unknown>>;
  readonly DependsOn?: string | readonly string[];
  readonly DeletionPolicy?: string;
}

interface Output {
  readonly Value: unknown;
  readonly Description?: string;
  /** For another stack. */
  readonly Export?: { readonly Name: unknown };
}

export interface Template {
  readonly Resources: Readonly<Record<string, Resource>>;
  readonly Outputs: Readonly<Record<string, Output>>;
}

/** The stacks, in the order in which they are deployed. */
const STACKS = ['data', 'promotion', 'service'] as const;

/** The stacks of a stage, as CloudFormation would get them. */
export type Templates = { readonly stage: string } & Readonly<Record<(typeof STACKS)[number], Template>>;

/** All of a stage, in the order in which they are deployed. */
export function templatesOf(templates: Templates): readonly Template[] {
  return STACKS.map((name) => templates[name]);
}

const done = new Map<string, Templates>();

/** Synthesises a stage, once per test file. */
export function synthesise(stage: string): Templates {
  const known = done.get(stage) ?? synthesiseConfig(stageConfig(stage));
  done.set(stage, known);
  return known;
}

/** The same for a configuration that is in no stage of this repository. Throws when a rule pack finds something. */
export function synthesiseConfig(config: StageConfig, context: Readonly<Record<string, string>> = {}): Templates {
  const { stage } = config;
  return inScratch((outdir) => {
    // CDK's own rules take seconds; rules.test.ts has them on.
    const app = buildApp({
      ...withoutCode(outdir),
      configs: [config],
      builtinCloudFormationValidation: false,
      context: { ...context, stage },
    });
    const assembly = app.synth();
    const template = (name: string): Template => assembly.getStackByName(`countersign-${stage}-${name}`).template;
    return { stage, data: template('data'), promotion: template('promotion'), service: template('service') };
  });
}

/** Runs something with an output folder that is removed afterwards. */
export function inScratch<T>(run: (outdir: string) => T): T {
  const outdir = mkdtempSync(join(tmpdir(), 'countersign-synth-'));
  try {
    return run(outdir);
  } finally {
    rmSync(outdir, { recursive: true });
  }
}

/** Functions that do nothing: bundling the real ones takes longer than the rest, and is not the template's matter. */
export function withoutCode(outdir: string): Pick<BuildProps, 'codeOf' | 'outdir'> {
  const code = mkdtempSync(join(outdir, 'code-'));
  writeFileSync(join(code, 'index.mjs'), 'export const handler = () => undefined;\n');
  return { codeOf: () => code, outdir };
}

/** The resources of a type, by logical id. */
export function ofType(template: Template, type: string): readonly (readonly [string, Resource])[] {
  return Object.entries(template.Resources).filter(([, resource]) => resource.Type === type);
}

/** The one resource of a type whose logical id begins so. */
export function only(template: Template, type: string, idPrefix: string): readonly [string, Resource] {
  const [found, ...more] = ofType(template, type).filter(([id]) => id.startsWith(idPrefix));
  if (found === undefined || more.length > 0) {
    throw new Error(`${more.length + (found ? 1 : 0)} resources of type ${type} begin with ${idPrefix}; one was meant`);
  }
  return found;
}
