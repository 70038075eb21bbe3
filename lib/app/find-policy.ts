import { sha256Hex } from '../core/digest.ts';
import { DomainError } from '../core/errors.ts';
import { objectKey } from '../core/layout.ts';
import type { PolicyRecord } from '../core/policy.ts';
import type { EvidenceStore, Registry } from './ports.ts';

/** @throws DomainError NOT_FOUND */
export async function requirePolicy(registry: Pick<Registry, 'policy'>, sha256: string): Promise<PolicyRecord> {
  const policy = await registry.policy(sha256);
  if (policy) return policy;
  throw new DomainError('NOT_FOUND', `no policy ${sha256} was proposed`, {
    hint: 'the digest is that of the policy bundle, the tar.gz; `countersign policy list` shows all',
  });
}

/** The stored bundle of a policy; undefined when it is gone or has another digest. */
export async function policyBytes(
  store: Pick<EvidenceStore, 'read'>,
  { sha256, version_id }: Pick<PolicyRecord, 'sha256' | 'version_id'>,
): Promise<Buffer | undefined> {
  const bytes = (await store.read(objectKey.policy(sha256), version_id))?.bytes;
  return bytes && sha256Hex(bytes) === sha256 ? bytes : undefined;
}
