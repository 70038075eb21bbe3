import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildApp } from '../../../cdk/build.ts';

/** One resource of a synthesised template. */
export interface Resource {
  readonly Type: string;
  readonly Properties: Readonly<Record<string, unknown>>;
  readonly DependsOn?: string | readonly string[];
  readonly DeletionPolicy?: string;
}

export interface Template {
  readonly Resources: Readonly<Record<string, Resource>>;
  readonly Outputs: Readonly<Record<string, { readonly Value: unknown; readonly Export?: { readonly Name: unknown } }>>;
}

/** Both stacks of a stage, as CloudFormation would get them. */
export interface Templates {
  readonly stage: string;
  readonly data: Template;
  readonly service: Template;
}

const done = new Map<string, Templates>();

/** Synthesises a stage with the rule packs on, once per test file. Throws when a rule finds something. */
export function synthesise(stage: string): Templates {
  const known = done.get(stage);
  if (known !== undefined) return known;
  const outdir = mkdtempSync(join(tmpdir(), 'countersign-synth-'));
  try {
    const assembly = buildApp({ context: { stage }, outdir }).synth();
    const templates: Templates = {
      stage,
      data: assembly.getStackByName(`countersign-${stage}-data`).template,
      service: assembly.getStackByName(`countersign-${stage}-service`).template,
    };
    done.set(stage, templates);
    return templates;
  } finally {
    rmSync(outdir, { recursive: true });
  }
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
