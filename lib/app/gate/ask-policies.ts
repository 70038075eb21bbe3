import { DomainError } from '../../core/errors.ts';
import type { Beside, PolicyIdentity } from '../../core/gate/decision.ts';
import type { GateResult } from '../../core/gate/input.ts';
import { formOf, parseBesideResult, parseGateResult } from '../../core/gate/result.ts';
import { type Shadowed, shadowBroke, shadowLate, shadowSaid } from '../../core/gate/shadow.ts';
import type { Json } from '../../core/json.ts';
import type { Log, Sleep } from '../ports.ts';
import type { LoadedPolicy, PolicyBeside, ShadowPolicy } from './ports.ts';

interface AskPolicyDeps {
  readonly log: Log;
}

/** @throws DomainError as {@link LoadedPolicy.evaluate}, or POLICY_RESULT_INVALID */
export async function askMain(deps: AskPolicyDeps, policy: LoadedPolicy, input: Uint8Array): Promise<GateResult> {
  return parseGateResult(await evaluated(deps, policy, input));
}

/**
 * One after the other: a policy has the processor for itself while its deadline runs.
 *
 * @throws DomainError as {@link askMain}; where one cannot decide, the gate does not
 */
export async function askBeside(
  deps: AskPolicyDeps,
  policies: readonly PolicyBeside[],
  input: Uint8Array,
): Promise<readonly Beside[]> {
  const said: Beside[] = [];
  for (const { slot, policy } of policies) {
    try {
      const result = parseBesideResult(await evaluated(deps, policy, input), policy.entrypoint);
      said.push({ slot, policy: identityOf(policy), result });
    } catch (error) {
      throw error instanceof DomainError ? inSlot(slot, error) : error;
    }
  }
  return said;
}

/** A gate waits no longer for the bundles of shadows; the next gate finds them loaded. */
const SHADOW_LOAD_MS = 250;

/** What shadows would have decided. Nothing that they do keeps a gate from its answer. */
export async function askShadows(
  deps: AskPolicyDeps & { readonly sleep: Sleep },
  shadows: readonly ShadowPolicy[],
  input: Uint8Array,
  main: GateResult,
): Promise<readonly Shadowed[]> {
  if (shadows.length === 0) return [];
  const said: Shadowed[] = [];
  // From now on, not since they were asked for: until now, the policies that decide had the processor.
  const late = deps.sleep(SHADOW_LOAD_MS);
  for (const { slot, sha256, policy } of shadows) {
    const place = { slot, policy: sha256 };
    try {
      const loaded = await Promise.race([policy, late]);
      if (!loaded) {
        said.push(shadowLate(place));
        continue;
      }
      const answer = await loaded.evaluate(input);
      said.push(shadowSaid(place, main, parseBesideResult(answer, loaded.entrypoint), formOf(answer)));
    } catch (error) {
      const code = error instanceof DomainError ? error.code : 'INTERNAL';
      deps.log.warn('shadow-broke-down', { ...place, code, reason: reasonOf(error) });
      said.push(shadowBroke(place, code));
    }
  }
  return said;
}

export function identityOf({ sha256, revision, entrypoint }: PolicyIdentity): PolicyIdentity {
  return { sha256, revision, entrypoint };
}

function inSlot(slot: string, { code, message, hint, cause }: DomainError): DomainError {
  return new DomainError(code, `in the slot ${slot}: ${message}`, { ...(hint === undefined ? {} : { hint }), cause });
}

/** Why a policy broke down is for whoever wrote it; the caller is told that it did. */
async function evaluated({ log }: AskPolicyDeps, policy: LoadedPolicy, bytes: Uint8Array): Promise<Json | undefined> {
  try {
    return await policy.evaluate(bytes);
  } catch (error) {
    log.warn('policy-broke-down', { policy: policy.sha256, revision: policy.revision, reason: reasonOf(error) });
    throw error;
  }
}

function reasonOf(error: unknown): string {
  return String(error instanceof DomainError ? (error.cause ?? error) : error);
}
