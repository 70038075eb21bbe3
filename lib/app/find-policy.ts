import { DomainError } from '../core/errors.ts';
import type { PolicyRecord } from '../core/policy.ts';
import type { Registry } from './ports.ts';

/** @throws DomainError NOT_FOUND */
export async function requirePolicy(registry: Pick<Registry, 'policy'>, sha256: string): Promise<PolicyRecord> {
  const policy = await registry.policy(sha256);
  if (policy) return policy;
  throw new DomainError('NOT_FOUND', `no policy ${sha256} was proposed`, {
    hint: 'the digest is that of the policy bundle, the tar.gz; `countersign policy list` shows all',
  });
}
