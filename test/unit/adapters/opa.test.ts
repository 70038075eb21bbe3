import { readFileSync } from 'node:fs';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { describe, expect, it } from 'vitest';
import { type PolicyBundle, readPolicyBundle } from '../../../lib/adapters/opa/bundle.ts';
import { loadPolicy, type PolicyLimits } from '../../../lib/adapters/opa/policy.ts';
import { sha256Hex } from '../../../lib/core/digest.ts';
import { wasmIn } from '../../support/archives.ts';
import { refusal } from '../../support/refusals.ts';

const ARCHIVE = readFileSync(new URL('../../fixtures/policies/broken.tar.gz', import.meta.url));
const WASM = await wasmIn(ARCHIVE);
const OUTSIDE = await wasmIn(readFileSync(new URL('../../fixtures/policies/outside.tar.gz', import.meta.url)));

async function packed(members: Readonly<Record<string, string | Buffer>>): Promise<Buffer> {
  const archive = pack();
  for (const [name, bytes] of Object.entries(members)) archive.entry({ name }, bytes);
  archive.finalize();
  return gzipSync(await buffer(archive));
}

const manifest = (wasm: object[] | undefined = [{ entrypoint: 'broken/echo', module: '/policy.wasm' }]) =>
  JSON.stringify({ revision: 'r1', rego_version: 1, ...(wasm ? { wasm } : {}) });

const LIMITS: PolicyLimits = { timeoutMs: 20_000, maxPages: 256 };
/** For what never comes to an end: long enough to load a policy on a busy machine. */
const BRIEF = { ...LIMITS, timeoutMs: 1000 };
const policy = (changes: Partial<PolicyBundle> = {}, limits = LIMITS) =>
  loadPolicy({ sha256: 'x', revision: 'r1', entrypoint: 'broken/echo', wasm: WASM, data: {}, ...changes }, limits);
const input = (value: object) => Buffer.from(JSON.stringify(value));

/** A WebAssembly module by hand: magic, version, and sections of an id, a size in two bytes of LEB128, and contents. */
const assembled = (...sections: readonly (readonly [id: number, ...contents: number[]])[]): Buffer =>
  Buffer.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...sections.flatMap(([id, ...contents]) => [
      id,
      (contents.length & 0x7f) | 0x80,
      contents.length >> 7,
      ...contents,
    ]),
  ]);
const text = (name: string): number[] => [name.length, ...Buffer.from(name)];

/** Types 0, 1 and 2: of a start function, of what answers an address, and of what turns one into another. */
const TYPES = [1, 3, 0x60, 0, 0, 0x60, 0, 1, 0x7f, 0x60, 1, 0x7f, 1, 0x7f] as const;
const THE_MEMORY = [2, 1, ...text('env'), ...text('memory'), 2, 0, 1] as const;
const LOOP = [0, 0x03, 0x40, 0x0c, 0, 0x0b, 0x0b] as const;
/** 2^31 - 1, which lies behind every memory. */
const NOWHERE = [0, 0x41, 0xff, 0xff, 0xff, 0xff, 0x07, 0x0b] as const;
/** What OPA exports, as far as the SDK needs it: names and places, in a memory of nothing else, and an evaluation that traps. */
const TRAP = (() => {
  const [same, entrypoints, somewhere, unreachable] = [0, 1, 2, 3];
  const bodies = [
    [0, 0x20, 0, 0x0b],
    [0, 0x41, 8, 0x0b],
    [0, 0x41, 0x80, 0x08, 0x0b],
    [0, 0x00, 0x0b],
  ];
  const functions = Object.entries({
    builtins: same,
    opa_json_dump: same,
    entrypoints,
    opa_malloc: somewhere,
    opa_json_parse: somewhere,
    opa_heap_ptr_get: somewhere,
    opa_heap_ptr_set: somewhere,
    opa_eval: unreachable,
  }).flatMap(([name, index = 0]) => [...text(name), 0, index]);
  const abi = ['opa_wasm_abi_version', 'opa_wasm_abi_minor_version'].flatMap((name, at) => [...text(name), 3, at]);
  const names = [
    [0, '{}'],
    [8, '{"broken/echo":0}'],
  ] as const;
  return assembled(
    TYPES,
    THE_MEMORY,
    [3, bodies.length, ...bodies.map(() => 2)],
    [6, 2, ...[0x7f, 0, 0x41, 1, 0x0b], ...[0x7f, 0, 0x41, 3, 0x0b]],
    [7, 10, ...functions, ...abi],
    [10, bodies.length, ...bodies.flatMap((body) => [body.length, ...body])],
    [11, names.length, ...names.flatMap(([at, json]) => [0, 0x41, at, 0x0b, ...text(json)])],
  );
})();

describe('a policy bundle', () => {
  it('is read with its digest, revision, entrypoint, data and compiled policy', async () => {
    const archive = await packed({ '.manifest': manifest(), '/policy.wasm': WASM, './data.json': '{"a":1}' });
    expect(await readPolicyBundle(archive)).toEqual({
      sha256: sha256Hex(archive),
      revision: 'r1',
      entrypoint: 'broken/echo',
      wasm: WASM,
      data: { a: 1 },
    });
  });

  it.each(['{"revision":"","rego_version":1}', '{}'])('without a revision is named by its digest: %s', async (text) => {
    const archive = await packed({ '.manifest': text, '/policy.wasm': WASM });
    expect((await readPolicyBundle(archive)).revision).toBe(sha256Hex(archive));
  });

  it('says what is wrong with it, and how one is made', async () => {
    const wrong = await packed({ '.manifest': '{"rego_version":0}', '/policy.wasm': WASM });
    await expect(readPolicyBundle(wrong)).rejects.toThrow('/.manifest/rego_version: must be 1');
    await expect(readPolicyBundle(await packed({ '.manifest': manifest() }))).rejects.toMatchObject({
      message: 'the policy bundle holds no /policy.wasm',
      hint: expect.stringContaining('`opa build -t wasm -e'),
    });
  });

  it.each([
    ['that is no gzip', () => Buffer.from('PK')],
    ['that is empty', () => Buffer.alloc(0)],
    ['cut short', () => ARCHIVE.subarray(0, 1000)],
    ['that unpacks to more than anybody asked for', () => gzipSync(Buffer.alloc(80 * 1024 * 1024))],
    [
      'whose data is small until it is parsed',
      () => packed({ '.manifest': manifest(), '/policy.wasm': WASM, 'data.json': `{"a":[${'[],'.repeat(400_000)}0]}` }),
    ],
    [
      'whose compiled policy is larger than any',
      () => packed({ '.manifest': manifest(), '/policy.wasm': Buffer.alloc(5 * 1024 * 1024) }),
    ],
    ['without a manifest', () => packed({ '/policy.wasm': WASM })],
    ['whose manifest is no JSON', () => packed({ '.manifest': '{', '/policy.wasm': WASM })],
    ['of another version of Rego', () => packed({ '.manifest': '{"revision":"r","rego_version":0}' })],
    ['without a compiled policy', () => packed({ '.manifest': manifest() })],
    ['with a member twice', () => packed({ '.manifest': manifest(), '/.manifest': manifest(), '/policy.wasm': WASM })],
    ['whose data is no object', () => packed({ '.manifest': manifest(), '/policy.wasm': WASM, 'data.json': '[]' })],
    ['that names many entrypoints', () => ARCHIVE],
  ] as [string, () => Buffer | Promise<Buffer>][])('%s is refused', async (_, archive) => {
    await expect(readPolicyBundle(await archive())).rejects.toThrow(refusal('POLICY_INVALID'));
  });
});

describe('a compiled policy', () => {
  it('is asked with the bytes as they are', async () => {
    const { evaluate } = await policy();
    expect(await evaluate(input({ b: 1.5, a: 'ü' }))).toEqual({ a: 'ü', b: 1.5 });
  });

  it('forgets one input before the next', async () => {
    const { evaluate } = await policy();
    await evaluate(input({ secret: 'x'.repeat(100_000) }));
    expect(await evaluate(input({ a: 1 }))).toEqual({ a: 1 });
  });

  it('answers nothing when its entrypoint is undefined', async () => {
    const { evaluate } = await policy({ entrypoint: 'broken/nothing' });
    expect(await evaluate(input({}))).toBeUndefined();
  });

  it('is ended when it takes too long, and answers again afterwards', async () => {
    // It fills 100 MB in half a second on a quick machine.
    const { evaluate } = await policy({ entrypoint: 'broken/hang' }, { ...BRIEF, maxPages: 16_384 });
    await expect(evaluate(input({ now: -1 }))).rejects.toThrow(refusal('POLICY_TIMED_OUT'));
    await expect(evaluate(input({ now: -1 }))).rejects.toThrow(refusal('POLICY_TIMED_OUT'));
  });

  it('is ended when it wants more memory than it may have', async () => {
    const { evaluate } = await policy({ entrypoint: 'broken/grow' });
    await expect(evaluate(input({ filler: 'x'.repeat(1000) }))).rejects.toThrow(refusal('POLICY_MEMORY_EXCEEDED'));
  });

  it('is not even given facts that do not fit into its memory', async () => {
    const { evaluate } = await policy();
    await expect(evaluate(input({ a: 'x'.repeat(20_000_000) }))).rejects.toThrow(refusal('POLICY_MEMORY_EXCEEDED'));
  });

  it('is not heard out when it says more than any result holds, and answers again afterwards', async () => {
    const { evaluate } = await policy({}, { ...LIMITS, maxPages: 1536 });
    await expect(evaluate(input({ a: 'x'.repeat(3_000_000) }))).rejects.toThrow(refusal('POLICY_RESULT_INVALID'));
    expect(await evaluate(input({ a: 1 }))).toEqual({ a: 1 });
  });

  it('breaks down on facts that nest deeper than its stack, says why, and answers again afterwards', async () => {
    const { evaluate } = await policy();
    const deep = Buffer.from('['.repeat(200_000) + ']'.repeat(200_000));
    await expect(evaluate(deep)).rejects.toMatchObject({
      code: 'POLICY_FAILED',
      cause: { message: 'Maximum call stack size exceeded' },
    });
    expect(await evaluate(input({ a: 1 }))).toEqual({ a: 1 });
  });

  it('breaks down on a trap, with the word of the engine for it, however often it is asked', async () => {
    const { evaluate } = await policy({ wasm: TRAP });
    const trapped = { code: 'POLICY_FAILED', cause: { message: 'unreachable' } };
    await expect(evaluate(input({ a: 1 }))).rejects.toMatchObject(trapped);
    await expect(evaluate(input({ a: 1 }))).rejects.toMatchObject(trapped);
  });

  it('is refused when it calls what only a host could answer, by name', async () => {
    const outside = policy({ wasm: OUTSIDE, entrypoint: 'outside/freeze' });
    await expect(outside).rejects.toThrow(refusal('POLICY_BUILT_IN_UNKNOWN'));
    await expect(outside).rejects.toThrow(/http\.send.*time\.now_ns|time\.now_ns.*http\.send/);
    await expect(outside).rejects.not.toThrow('sprintf');
  });

  it.each([
    ['that does not compile', 'does not compile', { wasm: Buffer.from('none') }],
    [
      'that never starts',
      'timed out',
      { wasm: assembled(TYPES, THE_MEMORY, [3, 1, 0], [8, 0], [10, 1, LOOP.length, ...LOOP]) },
    ],
    [
      'whose list of built-ins ends nowhere',
      'timed out',
      {
        wasm: assembled(
          TYPES,
          THE_MEMORY,
          [3, 2, 1, 2],
          [7, 2, ...text('builtins'), 0, 0, ...text('opa_json_dump'), 0, 1],
          [10, 2, NOWHERE.length, ...NOWHERE, NOWHERE.length, ...NOWHERE],
        ),
      },
    ],
    ['with a memory of its own', 'a memory of its own', { wasm: assembled([5, 1, 0, 1]) }],
    [
      "that imports what the host's objects inherit",
      'imports env.toString',
      { wasm: assembled(TYPES, [2, 1, ...text('env'), ...text('toString'), 0, 0]) },
    ],
    [
      'that imports from elsewhere',
      'imports wasi.opa_abort',
      { wasm: assembled(TYPES, [2, 1, ...text('wasi'), ...text('opa_abort'), 0, 0]) },
    ],
    ['without the entrypoint', 'no entrypoint broken/other', { entrypoint: 'broken/other' }],
    ['with many entrypoints and none named', 'its manifest names none', { entrypoint: undefined }],
  ] as [string, string, Partial<PolicyBundle>][])('%s is refused, and why', async (_, reason, changes) => {
    const refused = policy(changes, reason === 'timed out' ? BRIEF : LIMITS);
    await expect(refused).rejects.toThrow(refusal('POLICY_INVALID'));
    await expect(refused.catch((error: Error) => `${error.message}; ${error.cause}`)).resolves.toContain(reason);
  });
});
