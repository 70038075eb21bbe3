import type { loadPolicySync } from '@open-policy-agent/opa-wasm';
import { isJsonObject, parseStrictJson } from '../../core/json.ts';

/** What the SDK answers itself. The rest of OPA's built-ins would only be missed when a policy is asked. */
const OF_THE_SDK: ReadonlySet<string> = new Set([
  'json.is_valid',
  'regex.split',
  'sprintf',
  'yaml.is_valid',
  'yaml.marshal',
  'yaml.unmarshal',
]);

/**
 * The built-ins that a compiled policy leaves to its host and that nobody here answers, such as `http.send`. OPA, "WebAssembly":
 * `builtins` gives the address of their names, `opa_json_dump` that of its JSON, which ends with a zero.
 */
export function missingBuiltIns({ wasmInstance, mem }: ReturnType<typeof loadPolicySync>): string[] {
  const { builtins, opa_json_dump: dump }: Readonly<Record<string, unknown>> = wasmInstance.exports;
  if (typeof builtins !== 'function' || typeof dump !== 'function') throw new TypeError('it is no policy of OPA');
  const start = Number(dump(builtins()));
  const memory = Buffer.from(mem.buffer);
  const names = parseStrictJson(memory.subarray(start, memory.indexOf(0, start)));
  if (!isJsonObject(names)) throw new TypeError('it does not tell its built-ins');
  return Object.keys(names).filter((name) => !OF_THE_SDK.has(name));
}
