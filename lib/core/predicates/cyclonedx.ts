import * as z from 'zod/mini';
import { DIGEST_RULE, SHA256_HEX } from '../digest.ts';
import { DomainError } from '../errors.ts';
import { pointerToken } from '../json.ts';
import { parseWith } from '../schema.ts';
import { NO_FACTS, type ValidatedPredicate } from './facts.ts';
import type { SchemaError } from './generated/cyclonedx-1.7.js';

/** The part that we read, after the official schema has passed the whole. The schema leaves specVersion open. */
const Bom = z.looseObject({
  specVersion: z.literal('1.7', 'must be "1.7"'),
  metadata: z.optional(z.looseObject({ component: z.optional(z.unknown()) })),
  components: z.optional(z.array(z.unknown())),
});

const Component = z.looseObject({
  hashes: z.optional(z.array(z.object({ alg: z.string(), content: z.string() }))),
  components: z.optional(z.array(z.unknown())),
});

/** CycloneDX 1.7 (ECMA-424): every field is the schema's, none may be added. A model card is one of these. */
export async function validateCycloneDx(predicate: unknown): Promise<ValidatedPredicate> {
  // Half a megabyte of validator, loaded by the few that need it: no other predicate pays for it at a cold start.
  const { validate } = await import('./generated/cyclonedx-1.7.js');
  const { metadata, components = [] } = parseWith(Bom, predicate, 'PREDICATE_INVALID', '/predicate');
  if (!validate(predicate)) throw refusal(validate.errors ?? []);
  const mentions: string[] = [];
  if (metadata?.component !== undefined) collect(metadata.component, '/predicate/metadata/component', mentions);
  for (const [index, component] of components.entries()) {
    collect(component, `/predicate/components/${index}`, mentions);
  }
  return { ...NO_FACTS, mentions: [...new Set(mentions)] };
}

/** Adds the SHA-256 of a component and of those inside it. The depth is that of the JSON, which is bounded. */
function collect(value: unknown, at: string, into: string[]): void {
  const { hashes = [], components = [] } = parseWith(Component, value, 'PREDICATE_INVALID', at);
  for (const [index, { alg, content }] of hashes.entries()) {
    if (alg !== 'SHA-256') continue;
    // CycloneDX allows upper case; the schema takes a hash of any algorithm's length for any algorithm.
    const digest = content.toLowerCase();
    if (!SHA256_HEX.test(digest)) {
      const pointer = `${at}/hashes/${index}/content`;
      throw new DomainError('DIGEST_INVALID', `${pointer}: ${DIGEST_RULE}`, { pointer });
    }
    into.push(digest);
  }
  for (const [index, component] of components.entries()) collect(component, `${at}/components/${index}`, into);
}

/** Names the deepest field that is wrong: of a choice between forms, the error inside the form that came furthest. */
function refusal(errors: readonly SchemaError[]): DomainError {
  const [error] = errors
    .map(({ instancePath, params, message = 'is not valid' }) => {
      const field = params.missingProperty ?? params.additionalProperty;
      return { path: typeof field === 'string' ? `${instancePath}/${pointerToken(field)}` : instancePath, message };
    })
    .toSorted((a, b) => b.path.split('/').length - a.path.split('/').length);
  const pointer = `/predicate${error?.path ?? ''}`;
  return new DomainError('PREDICATE_INVALID', `${pointer}: ${error?.message ?? 'is not a CycloneDX 1.7 BOM'}`, {
    pointer,
    hint: 'the predicate must pass the CycloneDX 1.7 JSON schema (https://cyclonedx.org/schema/bom-1.7.schema.json)',
  });
}
