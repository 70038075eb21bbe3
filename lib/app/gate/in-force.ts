import { canonicalBytes } from '../../core/canonical.ts';
import { openCountersigned } from '../../core/countersigned.ts';
import { sha256Hex } from '../../core/digest.ts';
import { DomainError } from '../../core/errors.ts';
import { parsePublicKey } from '../../core/keys.ts';
import { objectKey } from '../../core/layout.ts';
import type { Activation } from '../../core/policy.ts';
import { requestIdOf } from '../countersign.ts';
import type { EvidenceStore, Registry } from '../ports.ts';
import { readEvent } from '../record-event.ts';
import type { LoadedPolicy, Policies } from './ports.ts';

export interface InForceDeps {
  readonly registry: Pick<Registry, 'activation' | 'policy' | 'evidenceKeys'>;
  readonly store: Pick<EvidenceStore, 'read'>;
  /** @throws DomainError POLICY_INVALID */
  readonly load: (bytes: Buffer) => Promise<LoadedPolicy>;
}

/** Compiled policies that are kept: the one in force, the one before, and some that were asked about as of a time. */
const KEPT = 4;

/**
 * Finds the policy in force by one consistent read a gate, so that an activation counts from the next gate on. A bundle is
 * loaded once and only when an event signed by an evidence key says that it was put in force, and its bytes have that digest.
 */
export function policiesInForce(deps: InForceDeps): Policies {
  const loaded = new Map<string, { readonly policy: Promise<LoadedPolicy> }>();
  return {
    async inForce(at) {
      const activation = await deps.registry.activation(at);
      if (!activation) {
        throw new DomainError('POLICY_UNAVAILABLE', `no policy was in force at ${at.toISOString()}`, {
          hint: 'a policy is proposed, tested, approved and activated: `countersign policy`, and the runbook',
        });
      }
      const name = `${activation.revision} ${activation.sha256}`;
      const known = loaded.get(name);
      if (known) return await known.policy;
      const loading = { policy: load(deps, activation) };
      loaded.set(name, loading);
      for (const oldest of [...loaded.keys()].slice(0, Math.max(0, loaded.size - KEPT))) loaded.delete(oldest);
      try {
        return await loading.policy;
      } catch (error) {
        // What failed for a passing reason must not be remembered.
        loaded.delete(name);
        throw error;
      }
    },
  };
}

async function load(deps: InForceDeps, activation: Activation): Promise<LoadedPolicy> {
  await requireEvent(deps, activation);
  const policy = await deps.registry.policy(activation.sha256);
  const object = policy && (await deps.store.read(objectKey.policy(activation.sha256), policy.version_id));
  if (!object) {
    throw new DomainError('POLICY_UNAVAILABLE', `the bytes of the policy ${activation.sha256} are gone`, {
      hint: '`countersign policy rollback`, and see the runbook',
    });
  }
  if (sha256Hex(object.bytes) !== activation.sha256) {
    throw new DomainError('POLICY_INVALID', `the stored policy ${activation.sha256} has another digest`);
  }
  return await deps.load(object.bytes);
}

async function requireEvent({ registry, store }: InForceDeps, activation: Activation): Promise<void> {
  const name = objectKey.event('policy-activation', activation.revision);
  const [object, keys] = await Promise.all([store.read(name), registry.evidenceKeys()]);
  const refuse = (cause?: unknown): never => {
    throw new DomainError('POLICY_INVALID', `nothing signed says that the policy ${activation.sha256} was activated`, {
      hint: 'the registry table says what no event bears out: see the runbook',
      cause,
    });
  };
  if (!object) return refuse();
  try {
    openCountersigned(object.bytes, (keyid) => {
      const key = keys.find((known) => known.keyid === keyid);
      return key && parsePublicKey(key.public_key);
    });
    const { body } = readEvent({ ...object, requestId: requestIdOf(object) }, name);
    if (!('activation' in body) || !canonicalBytes(body.activation).equals(canonicalBytes(activation))) refuse();
  } catch (cause) {
    refuse(cause);
  }
}
