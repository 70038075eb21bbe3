import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadPolicy as instantiate } from '@open-policy-agent/opa-wasm';
import { canonicalBytes } from '../../../lib/core/canonical.ts';
import type { GateInput, GateResult } from '../../../lib/core/gate/input.ts';
import type { Catalog } from '../../../policies/catalog.ts';
import { BUNDLE, ENTRYPOINT } from '../../../policies/files.ts';

/** The `data` of the rules. */
export interface PolicyData {
  readonly countersign: { readonly catalog: Catalog; readonly config: Readonly<Record<string, unknown>> };
}

export const DATA: PolicyData = JSON.parse(readFileSync(join(BUNDLE, 'data.json'), 'utf8'));

export const WASM = readFileSync(join(BUNDLE, 'policy.wasm'));

/**
 * Loads the committed policy.
 *
 * @param data - other than that of its bundle
 * @returns evaluates the bytes of facts as they are stored; undefined when the policy decides nothing
 */
export async function loadPolicy(data: PolicyData = DATA): Promise<(input: GateInput) => GateResult | undefined> {
  const policy = await instantiate(WASM);
  policy.setData(data);
  return (input) => {
    const answers: { readonly result: GateResult }[] = policy.evaluate(
      Uint8Array.from(canonicalBytes(input)).buffer,
      ENTRYPOINT,
    );
    return answers[0]?.result;
  };
}
