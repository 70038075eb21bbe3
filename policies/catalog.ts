import * as z from 'zod/mini';
import { ENVIRONMENTS } from '../lib/contracts/predicates.ts';
import { GATE_PHASES } from '../lib/core/gate/input.ts';

/** What stands above a rule in its file, and nowhere else. */
const Rule = z.strictObject({
  title: z.string().check(z.minLength(1)),
  description: z.string().check(z.minLength(1)),
  severity: z.enum(['low', 'medium', 'high', 'critical']),
  environments: z.array(z.enum(ENVIRONMENTS)).check(z.minLength(1)),
  phases: z.array(z.enum(GATE_PHASES)).check(z.minLength(1)),
  /** Annex A of ISO/IEC 27001:2022. */
  controls: z.array(z.string().check(z.regex(/^A\.[5-8]\.\d{1,2}$/))).check(z.minLength(1)),
  /** The rule warns before, and bites from then on. */
  effective_on: z.iso.datetime(),
  /** Whether an exception may be granted. */
  waivable: z.boolean(),
});
export type Rule = z.output<typeof Rule>;

/** Rules by their ids, sorted. */
export type Catalog = Readonly<Record<string, Rule>>;

/** The part of `opa inspect --annotations` that is read. */
const Inspection = z.object({
  namespaces: z.record(z.string(), z.array(z.string())),
  annotations: z.array(
    z.object({
      annotations: z.looseObject({
        scope: z.string(),
        title: z.optional(z.string()),
        description: z.optional(z.string()),
        custom: z.optional(z.record(z.string(), z.unknown())),
      }),
      path: z.array(z.object({ value: z.string() })),
    }),
  ),
});

const RULES = 'data.countersign.rules.';

/**
 * Reads the catalogue of rules out of their METADATA.
 *
 * @param inspected - JSON that `opa inspect --annotations` printed of all sources
 * @throws when a rule has no METADATA, or lacks a field, or has one that nobody reads
 */
export function catalogOf(inspected: unknown): Catalog {
  const { namespaces, annotations } = z.parse(Inspection, inspected);
  const rules = new Map<string, Rule>();
  for (const { annotations: said, path } of annotations) {
    const name = path.map(({ value }) => value).join('.');
    if (said.scope !== 'package' || !name.startsWith(RULES)) continue;
    const { title, description = '', custom } = said;
    const rule = Rule.safeParse({ title, description: description.trim().replaceAll('\n', ' '), ...custom });
    if (!rule.success) throw new Error(`METADATA of ${name}: ${z.prettifyError(rule.error)}`);
    rules.set(name.slice(RULES.length), rule.data);
  }
  const packages = Object.keys(namespaces).filter((name) => name.startsWith(RULES));
  const bare = packages.filter((name) => !rules.has(name.slice(RULES.length)));
  if (bare.length > 0) throw new Error(`no METADATA of scope package: ${bare.join(', ')}`);
  return Object.fromEntries([...rules].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** The parts of `data` that a policy bundle owns: the first names of its packages. */
export function rootsOf(inspected: unknown): string[] {
  const packages = Object.keys(z.parse(Inspection, inspected).namespaces);
  return [...new Set(packages.flatMap((name) => name.split('.')[1] ?? []))].toSorted();
}
