import { canonicalBytes } from '../../core/canonical.ts';
import { sha256Hex } from '../../core/digest.ts';
import { DomainError } from '../../core/errors.ts';
import { activationStream, objectKey } from '../../core/layout.ts';
import type { Activation } from '../../core/policy.ts';
import { inForceAt, slotOf } from '../../core/slots.ts';
import type { Clock, EvidenceStore, Registry } from '../ports.ts';
import { openEvent } from '../record-event.ts';
import { type OwnKeys, ownKeys } from './judge.ts';
import type { LoadedPolicy, Policies } from './ports.ts';

/** What a policy is loaded for; each has bounds of its own. */
export type PolicyUse = 'main' | 'enforced' | 'shadow';

export interface InForceDeps {
  readonly registry: Pick<Registry, 'activations' | 'policy' | 'evidenceKeys'>;
  readonly store: Pick<EvidenceStore, 'read'>;
  /** @throws DomainError POLICY_INVALID */
  readonly load: (bytes: Buffer, use: PolicyUse) => Promise<LoadedPolicy>;
  readonly clock: Clock;
}

/** Compiled policies that are kept: those in force, those before, and some that were asked about as of a time. */
const KEPT = 8;

/**
 * Finds the policies in force by one consistent read a gate, so that an activation counts from the next gate on. What the read
 * says of a slot, whatever it says, is believed when an event signed by an evidence key says the same; else no policy is in
 * force. A bundle is loaded once, and only when its bytes have the digest.
 */
export function policiesInForce(deps: InForceDeps): Policies {
  const believed = remembering<void>();
  const loaded = remembering<LoadedPolicy>(KEPT);
  const nameOf = (one: Activation) => `${slotOf(one)} ${one.revision} ${sha256Hex(canonicalBytes(one))}`;
  const shadowed = remembering<LoadedPolicy>(KEPT, isOfTheBundle);
  const policyOf = (one: Activation) =>
    (useOf(one) === 'shadow' ? shadowed : loaded)(nameOf(one), () => load(deps, one));

  return {
    async inForce(at) {
      const time = at ?? deps.clock();
      const activations = await deps.registry.activations(at);
      const evidenceKeys = ownKeys(deps.registry, undefined);
      const believe = (one: Activation) => believed(nameOf(one), () => requireEvent(deps, one, evidenceKeys));
      // Of every slot, before anything follows from one: a row that ends a policy, or calls it a shadow, is not looked at again.
      await Promise.all(activations.map(believe));
      const { main, enforced, shadows } = inForceAt(activations, time);
      if (!main) {
        throw new DomainError('POLICY_UNAVAILABLE', `no policy was in force at ${time.toISOString()}`, {
          hint: 'a policy is proposed, tested, approved and activated: `countersign policy`, and the runbook',
        });
      }
      const asked = at === undefined ? shadows : [];
      const loading = asked.map((one) => ({
        slot: slotOf(one),
        sha256: one.sha256,
        policy: unattended(policyOf(one)),
      }));
      const [policy, beside] = await Promise.all([
        policyOf(main),
        Promise.all(enforced.map(async (one) => ({ slot: slotOf(one), policy: await policyOf(one) }))),
      ]);
      return { main: policy, enforced: beside, shadows: loading };
    },
  };
}

/** A shadow that does not load is not tried again: nobody approved it, and each try would take the time of a gate. */
function isOfTheBundle(error: unknown): boolean {
  return error instanceof DomainError && (error.code === 'POLICY_INVALID' || error.code === 'POLICY_BUILT_IN_UNKNOWN');
}

/**
 * Does a piece of work once for a name.
 *
 * @param most - names that are kept
 * @param isLasting - whether a failure is remembered too; most may have failed for a passing reason
 */
function remembering<T>(most = Number.POSITIVE_INFINITY, isLasting: (error: unknown) => boolean = () => false) {
  const known = new Map<string, Promise<T>>();
  return async (name: string, work: () => Promise<T>): Promise<T> => {
    const standing = known.get(name);
    if (standing !== undefined) return await standing;
    const doing = work();
    known.set(name, doing);
    for (const oldest of [...known.keys()].slice(0, Math.max(0, known.size - most))) known.delete(oldest);
    try {
      return await doing;
    } catch (error) {
      if (!isLasting(error)) known.delete(name);
      throw error;
    }
  };
}

/** Nobody may come to look, so a rejection alone does not end the process. */
function unattended(loading: Promise<LoadedPolicy>): Promise<LoadedPolicy> {
  loading.catch(() => {});
  return loading;
}

async function load(deps: InForceDeps, activation: Activation): Promise<LoadedPolicy> {
  const policy = await deps.registry.policy(activation.sha256);
  const object = policy && (await deps.store.read(objectKey.policy(activation.sha256), policy.version_id));
  if (!object) {
    throw new DomainError('POLICY_UNAVAILABLE', `the bytes of the policy ${activation.sha256} are gone`, {
      hint: '`countersign policy rollback` or `withdraw`, and see the runbook',
    });
  }
  if (sha256Hex(object.bytes) !== activation.sha256) {
    throw new DomainError('POLICY_INVALID', `the stored policy ${activation.sha256} has another digest`);
  }
  return await deps.load(object.bytes, useOf(activation));
}

function useOf({ slot }: Activation): PolicyUse {
  if (!slot) return 'main';
  return slot.mode === 'shadow' ? 'shadow' : 'enforced';
}

async function requireEvent({ store }: InForceDeps, activation: Activation, evidenceKeys: OwnKeys): Promise<void> {
  const name = objectKey.event(activationStream(activation.slot?.name), activation.revision);
  const [object, keyOf] = await Promise.all([store.read(name), evidenceKeys([])]);
  const refuse = (cause?: unknown): never => {
    throw new DomainError('POLICY_INVALID', `nothing signed says that the policy ${activation.sha256} was activated`, {
      hint: 'the registry table says what no event bears out: see the runbook',
      cause,
    });
  };
  if (!object) return refuse();
  try {
    const { body } = openEvent(object, name, keyOf);
    if (!('activation' in body) || !canonicalBytes(body.activation).equals(canonicalBytes(activation))) refuse();
  } catch (cause) {
    refuse(cause);
  }
}
