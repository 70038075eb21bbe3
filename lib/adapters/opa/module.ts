import { refuseBundle } from './bundle.ts';

/** Node.js's types name what WebAssembly makes, and not how it is made. */
declare const WebAssembly: {
  readonly Module: {
    new (bytes: Uint8Array): WebAssembly.Module;
    imports(module: WebAssembly.Module): readonly { readonly module: string; readonly name: string }[];
  };
};

/** What OPA's compiler lets a module ask of its host (its documentation, "WASM", "Imports"). */
const IMPORTS: ReadonlySet<string> = new Set([
  'memory',
  'opa_abort',
  'opa_println',
  'opa_builtin0',
  'opa_builtin1',
  'opa_builtin2',
  'opa_builtin3',
  'opa_builtin4',
]);

/** WebAssembly core specification, section 5.5.2. */
const MEMORY_SECTION = 5;

/**
 * Compiles a policy and holds it to the form that OPA gives it. Any function that happens to lie on the host's objects could be
 * imported otherwise, also one that they only inherit, and a memory of its own would be bounded by nobody. It runs nothing: a
 * start section, which OPA's own modules have, runs when it is instantiated.
 *
 * @throws DomainError POLICY_INVALID
 */
export function compileModule(wasm: Buffer): WebAssembly.Module {
  const module = compiled(wasm);
  const imports = WebAssembly.Module.imports(module);
  const foreign = imports.find(({ module: from, name }) => from !== 'env' || !IMPORTS.has(name));
  if (foreign) refuseBundle(`holds a policy.wasm that imports ${foreign.module}.${foreign.name}, which OPA's do not`);
  if (hasSection(wasm, MEMORY_SECTION)) refuseBundle('holds a policy.wasm with a memory of its own');
  return module;
}

function compiled(wasm: Buffer): WebAssembly.Module {
  try {
    return new WebAssembly.Module(Uint8Array.from(wasm));
  } catch (cause) {
    return refuseBundle('holds a policy.wasm that does not compile', cause);
  }
}

/** @param wasm - a module that compiles: magic and version in 8 bytes, then sections, each an id, its size and its bytes */
function hasSection(wasm: Buffer, wanted: number): boolean {
  let at = 8;
  while (at < wasm.length) {
    const id = wasm[at++];
    if (id === wanted) return true;
    // LEB128, at most 5 bytes.
    let size = 0;
    let factor = 1;
    let byte = 0;
    do {
      byte = wasm[at++] ?? 0;
      size += (byte & 0x7f) * factor;
      factor *= 0x80;
    } while (byte & 0x80);
    at += size;
  }
  return false;
}
