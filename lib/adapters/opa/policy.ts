import { createContext, Script } from 'node:vm';
import * as sdk from '@open-policy-agent/opa-wasm';
import * as z from 'zod/mini';
import type { LoadedPolicy } from '../../app/gate/ports.ts';
import { DomainError } from '../../core/errors.ts';
import { JsonValue, parseWith } from '../../core/schema.ts';
import { missingBuiltIns } from './built-ins.ts';
import { type PolicyBundle, refuseBundle } from './bundle.ts';
import { compileModule } from './module.ts';

export interface PolicyLimits {
  /** Milliseconds that one evaluation may take; the API answers within 29 seconds. */
  readonly timeoutMs: number;
  /** WebAssembly pages (64 KiB each) that the policy may use. */
  readonly maxPages: number;
}

export const POLICY_LIMITS: PolicyLimits = { timeoutMs: 5000, maxPages: 4096 };

/** Of a policy beside the main one: five share a function of 1 GB that has 28 seconds. */
export const BESIDE_LIMITS: PolicyLimits = { timeoutMs: 2000, maxPages: 1536 };

const INITIAL_PAGES = 32;

/**
 * The SDK's types are those of its CommonJS half; as a module it has the same on its default export. Its asynchronous loader
 * asks for the global Response, for which Node first loads an HTTP client: longer than the policy takes to compile.
 */
const { default: opa } = sdk as typeof sdk & { readonly default: Pick<typeof sdk, 'loadPolicySync'> };

type LoadedWasm = ReturnType<typeof sdk.loadPolicySync>;

/** What OPA's SDK answers: nothing when the entrypoint was undefined. */
const ResultSetSchema = z.array(z.looseObject({ result: JsonValue }));

/**
 * Compiles a policy, once; it may be asked many times. Rego ends, but not soon, so each evaluation has a deadline, and it may
 * grow, so its memory is bounded. After a failure the instance is thrown away: what a trap leaves behind is not defined.
 *
 * @throws DomainError POLICY_INVALID or POLICY_BUILT_IN_UNKNOWN
 */
export async function loadPolicy(bundle: PolicyBundle, limits: PolicyLimits = POLICY_LIMITS): Promise<LoadedPolicy> {
  const { sha256, revision } = bundle;
  const module = compileModule(bundle.wasm);
  let policy = prepare(module, bundle, limits);
  const entrypoint = entrypointOf(bundle, Object.keys(Object(policy.entrypoints)));
  let isBroken = false;
  const evaluate: LoadedPolicy['evaluate'] = async (input) => {
    if (isBroken) policy = prepare(module, bundle, limits);
    isBroken = false;
    try {
      // The bytes as they are stored: nothing is encoded anew on the way into the policy.
      const bytes = Uint8Array.from(input).buffer;
      const answer = within(limits.timeoutMs, () => policy.evaluate(bytes, entrypoint));
      return parseWith(ResultSetSchema, answer, 'POLICY_RESULT_INVALID')[0]?.result;
    } catch (error) {
      isBroken = true;
      throw error instanceof DomainError ? error : failure(error, limits);
    }
  };
  return { sha256, revision, entrypoint, evaluate };
}

function entrypointOf({ entrypoint }: PolicyBundle, compiled: readonly string[]): string {
  if (entrypoint !== undefined && compiled.includes(entrypoint)) return entrypoint;
  const [only, ...others] = compiled;
  if (entrypoint !== undefined || only === undefined) return refuseBundle(`has no entrypoint ${entrypoint ?? ''}`);
  if (others.length > 0) refuseBundle(`has ${compiled.length} entrypoints, and its manifest names none`);
  return only;
}

/** Runs code of the policy already: its start section, and its allocator for the data. */
function prepare(module: WebAssembly.Module, { data }: PolicyBundle, { maxPages, timeoutMs }: PolicyLimits) {
  try {
    return within(timeoutMs, () => {
      const policy = opa.loadPolicySync(module, { initial: INITIAL_PAGES, maximum: maxPages });
      requireBuiltIns(missingBuiltIns(policy));
      policy.setData(data);
      boundAnswers(policy);
      return policy;
    });
  } catch (cause) {
    if (cause instanceof DomainError) throw cause;
    return refuseBundle(
      'holds a policy.wasm that is none of OPA, takes too long to start, or wants more memory than it may have',
      cause,
    );
  }
}

/** The JSON of an answer; a result of all that a gate may look at has less. */
const MAX_ANSWER_BYTES = 2 * 1024 * 1024;

/**
 * Looks for the zero that ends an answer before the SDK parses it: the deadline ends no JSON.parse, and the policy's whole memory
 * may be one answer. Of the two ways to ask, the SDK takes `opa_eval` where a policy has it.
 */
function boundAnswers(policy: LoadedWasm): void {
  const { exports }: { exports: Readonly<Record<string, unknown>> } = policy.wasmInstance;
  const bounded = (name: string) => {
    const ask = exports[name];
    if (typeof ask !== 'function') return {};
    const asked = (...values: number[]): number => {
      const start = Number(ask(...values));
      if (
        Buffer.from(policy.mem.buffer)
          .subarray(start, start + MAX_ANSWER_BYTES)
          .includes(0)
      )
        return start;
      throw new DomainError(
        'POLICY_RESULT_INVALID',
        `the policy answers more than ${MAX_ANSWER_BYTES / 1024 / 1024} MiB`,
      );
    };
    return { [name]: asked };
  };
  policy.wasmInstance = { exports: { ...exports, ...bounded('opa_eval'), ...bounded('opa_json_dump') } };
}

function requireBuiltIns(missing: readonly string[]): void {
  if (missing.length === 0) return;
  throw new DomainError('POLICY_BUILT_IN_UNKNOWN', `the policy calls ${missing.join(', ')}, which no gate answers`, {
    hint: 'the clock is input.now, and what else a rule wants of the outside must be evidence: docs/policies.md',
  });
}

const deadline: { work: () => unknown } = { work: () => undefined };
const context = createContext(deadline);
const run = new Script('work()');
const TIMED_OUT = 'ERR_SCRIPT_EXECUTION_TIMEOUT';

/** Ends what runs too long, WebAssembly included: a timer of the same thread would wait for it instead. */
function within<T>(milliseconds: number, work: () => T): T {
  deadline.work = work;
  return run.runInContext(context, { timeout: milliseconds });
}

/** How OPA and the engine say that memory is used up. */
const OUT_OF_MEMORY = /opa_malloc: failed|Maximum memory size exceeded/;

function failure(error: unknown, { timeoutMs, maxPages }: PolicyLimits): DomainError {
  // An Error of the deadline's own context is no instance of ours; OPA throws its messages bare.
  const thrown = Object(error);
  const cause = new Error(String(thrown.message ?? error));
  if (thrown.code === TIMED_OUT) {
    return new DomainError('POLICY_TIMED_OUT', `the policy did not decide within ${timeoutMs} ms`, {
      hint: 'attest collections instead of their single files, or have the policy made cheaper',
      cause,
    });
  }
  if (OUT_OF_MEMORY.test(cause.message)) {
    return new DomainError('POLICY_MEMORY_EXCEEDED', `the policy wanted more than ${maxPages / 16} MiB`, {
      hint: 'attest collections instead of their single files, or have the policy made cheaper',
      cause,
    });
  }
  return new DomainError('POLICY_FAILED', 'the policy broke down while it was evaluated', {
    hint: 'see the runbook: the log has the reason, and a rollback puts the revision before in force',
    cause,
  });
}
