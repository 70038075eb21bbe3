import { Predicate, STAGES } from '../../lib/contracts/predicates.ts';
import type { KeyRecord, Principal } from '../../lib/core/registry.ts';
import type { TestKey } from './keys.ts';
import { PIPELINE } from './manifests.ts';

/** A registered key with authority over every manifest. */
export function aKeyRecord(key: TestKey, changes: Partial<KeyRecord> = {}): KeyRecord {
  return {
    keyid: key.keyid,
    public_key: key.pem,
    algorithm: key.algorithm,
    principal: PIPELINE,
    role: 'producer',
    stages: [...STAGES],
    predicate_types: [Predicate.manifest],
    scai_attributes: [],
    not_before: '2026-01-01T00:00:00.000Z',
    not_after: '2027-01-01T00:00:00.000Z',
    revision: 1,
    registered_at: '2026-01-01T00:00:00.000Z',
    ...changes,
  };
}

export function aPrincipal(keys: readonly KeyRecord[], changes: Partial<Principal> = {}): Principal {
  return {
    name: PIPELINE,
    unique_id: 'AROATRAININGPIPELINE',
    arn: `arn:aws:iam::111122223333:role/${PIPELINE}`,
    account: '111122223333',
    revision: 1 + keys.length,
    keys,
    ...changes,
  };
}
