import { OwnPredicate } from '../contracts/predicates.ts';
import { Prefix } from '../contracts/storage.ts';
import { canonicalBytes } from '../core/canonical.ts';
import { sha256Hex } from '../core/digest.ts';
import { DomainError } from '../core/errors.ts';
import type { JsonObject } from '../core/json.ts';
import { checkKeyProof } from '../core/key-proof.ts';
import { parsePublicKey } from '../core/keys.ts';
import { objectKey } from '../core/layout.ts';
import { type KeyRecord, MAX_KEYS_PER_PRINCIPAL, type Principal } from '../core/registry.ts';
import type { RegisterKey, RegisterPrincipal, RevokeKey } from '../core/requests.ts';
import { type CountersignDeps, requireEvidenceKey, retainUntil } from './countersign.ts';
import type { EvidenceKey, Registry, RegistryChange } from './ports.ts';
import { storeEvent } from './record-event.ts';
import type { Caller } from './submit-evidence.ts';

export interface RegistryDeps extends CountersignDeps {
  readonly registry: Registry;
  /** Public half of the deployment's evidence key, PEM. */
  readonly kmsPublicKey: () => Promise<string>;
}

/** What the admin asked for, and the digest of the event that is the evidence of it. */
export interface Changed<T> {
  readonly created: boolean;
  readonly value: T;
  readonly event: string | undefined;
}

/** Gives an AWS role a name. The unique id makes a role that is deleted and made again another principal. */
export async function registerPrincipal(
  deps: RegistryDeps,
  request: RegisterPrincipal,
  admin: Caller,
): Promise<Changed<Principal>> {
  const now = deps.clock();
  const evidenceKey = requireEvidenceKey(await deps.registry.evidenceKey(), deps.signer);
  const { principal: known } = await deps.registry.context(request.unique_id);
  if (known) {
    if (known.name === request.name && known.arn === request.arn)
      return { created: false, value: known, event: undefined };
    throw new DomainError('PRINCIPAL_EXISTS', `${request.unique_id} is registered as ${known.name}`, {
      pointer: '/unique_id',
    });
  }
  const account = request.arn.split(':')[4] ?? '';
  const principal: Principal = { ...request, account, revision: 1, keys: [] };
  const { keys: _none, ...recorded } = principal;
  const event = await storeEvent(
    deps,
    {
      predicateType: OwnPredicate.principalEvent,
      subjects: [{ name: principal.name, digest: { sha256: principalDigest(principal) } }],
      predicate: { action: 'registered', at: now.toISOString(), by: actor(admin), principal: recorded },
      actor: admin.arn,
    },
    evidenceKey,
    now,
  );
  await apply(deps, event, { kind: 'principal-created', principal }, () => {
    throw new DomainError('PRINCIPAL_EXISTS', `the name ${principal.name} or the role is registered already`, {
      pointer: '/name',
    });
  });
  return { created: true, value: principal, event: event.record.sha256 };
}

/** Registers a key with its authority, or changes the authority of a registered one. The owner proves possession each time. */
export async function registerKey(
  deps: RegistryDeps,
  request: RegisterKey,
  admin: Caller,
): Promise<Changed<KeyRecord>> {
  const now = deps.clock();
  const evidenceKey = requireEvidenceKey(await deps.registry.evidenceKey(), deps.signer);
  const key = parsePublicKey(request.public_key);
  const proof = checkKeyProof(request.proof, key, request.principal);
  const principal = await requirePrincipal(deps, request.principal);
  const known = principal.keys.find(({ keyid }) => keyid === key.keyid);
  const record: KeyRecord = {
    keyid: key.keyid,
    public_key: key.pem,
    algorithm: key.algorithm,
    principal: principal.name,
    role: request.role,
    stages: request.stages,
    predicate_types: request.predicate_types,
    scai_attributes: request.scai_attributes,
    not_before: request.not_before ?? known?.not_before ?? now.toISOString(),
    not_after: request.not_after,
    revision: (known?.revision ?? 0) + 1,
    registered_at: known?.registered_at ?? now.toISOString(),
  };
  if (record.not_after <= record.not_before) {
    throw new DomainError('REQUEST_INVALID', 'not_after must lie after not_before', { pointer: '/not_after' });
  }
  if (known) {
    if (known.revoked) throw new DomainError('KEY_REVOKED', `key ${key.keyid} is revoked for good; register another`);
    if (sameAuthority(known, record)) return { created: false, value: known, event: undefined };
    if (request.revision !== known.revision) {
      throw new DomainError(
        'KEY_EXISTS',
        `key ${key.keyid} is registered with other authority, at revision ${known.revision}`,
        {
          pointer: '/revision',
          hint: `send "revision": ${known.revision} to change it`,
        },
      );
    }
  } else if (await deps.registry.keyOwner(key.keyid)) {
    throw new DomainError('KEY_OF_ANOTHER_PRINCIPAL', `key ${key.keyid} is registered for another principal`, {
      pointer: '/public_key',
    });
  }
  const keys = withKey(principal, record);
  return await changeKey(deps, {
    principal,
    keys,
    record,
    action: known ? 'changed' : 'registered',
    proof,
    admin,
    now,
    evidenceKey,
  });
}

/** Ends a key for good. Evidence that it signed after `effective_at` is not to be trusted. */
export async function revokeKey(
  deps: RegistryDeps,
  keyid: string,
  request: RevokeKey,
  admin: Caller,
): Promise<Changed<KeyRecord>> {
  const now = deps.clock();
  const evidenceKey = requireEvidenceKey(await deps.registry.evidenceKey(), deps.signer);
  const owner = await deps.registry.keyOwner(keyid);
  const principal = owner === undefined ? undefined : await requirePrincipal(deps, owner);
  const known = principal?.keys.find((key) => key.keyid === keyid);
  if (!principal || !known) throw new DomainError('NOT_FOUND', `no key ${keyid} is registered`);
  if (known.revoked) return { created: false, value: known, event: undefined };
  const effective = request.effective_at ?? now.toISOString();
  if (effective > now.toISOString()) {
    throw new DomainError('REQUEST_INVALID', 'effective_at must not lie in the future', { pointer: '/effective_at' });
  }
  const record: KeyRecord = {
    ...known,
    revision: known.revision + 1,
    revoked: { recorded_at: now.toISOString(), effective_at: effective, reason: request.reason },
  };
  const keys = withKey(principal, record);
  return await changeKey(deps, {
    principal,
    keys,
    record,
    action: 'revoked',
    proof: undefined,
    admin,
    now,
    evidenceKey,
  });
}

/**
 * Makes the deployment's KMS key the one that countersigns. Run after the first deployment and after each rotation; the old
 * public key stays in WORM and verifies what it signed.
 *
 * Crash after the public key is put: the next run goes on, the object being the same.
 */
export async function activateEvidenceKey(deps: RegistryDeps, admin: Caller): Promise<Changed<EvidenceKey>> {
  const now = deps.clock();
  const previous = await deps.registry.evidenceKey();
  const { keyid, pem } = parsePublicKey(await deps.kmsPublicKey());
  if (previous?.keyid === keyid) return { created: false, value: previous, event: undefined };
  const key: EvidenceKey = { keyid, public_key: pem, kms_key_arn: deps.signer.keyArn, activated_at: now.toISOString() };
  await deps.store.putOnce(objectKey.publicKey(keyid), Buffer.from(pem), {
    contentType: 'application/x-pem-file',
    retainUntil: retainUntil(deps.retention, 'production', now),
  });
  const event = await storeEvent(
    deps,
    {
      predicateType: OwnPredicate.keyEvent,
      subjects: [{ name: `${Prefix.keys}${keyid}.pem`, digest: { sha256: keyid } }],
      predicate: {
        action: 'evidence-key-activated',
        at: now.toISOString(),
        by: actor(admin),
        evidence_key: { ...key },
        previous: previous?.keyid ?? null,
      },
      actor: admin.arn,
    },
    key,
    now,
  );
  await apply(deps, event, { kind: 'evidence-key-activated', key, previous }, conflict);
  return { created: true, value: key, event: event.record.sha256 };
}

interface KeyChange {
  readonly principal: Principal;
  readonly keys: readonly KeyRecord[];
  readonly record: KeyRecord;
  readonly action: 'registered' | 'changed' | 'revoked';
  readonly proof: string | undefined;
  readonly admin: Caller;
  readonly now: Date;
  readonly evidenceKey: EvidenceKey;
}

async function changeKey(deps: RegistryDeps, change: KeyChange): Promise<Changed<KeyRecord>> {
  const { principal, keys, record, action, proof, admin, now, evidenceKey } = change;
  const after: Principal = { ...principal, keys, revision: principal.revision + 1 };
  const event = await storeEvent(
    deps,
    {
      predicateType: OwnPredicate.keyEvent,
      subjects: [{ name: record.keyid, digest: { sha256: record.keyid } }],
      // The whole record and both revisions: the registry can be folded again from the events alone.
      predicate: {
        action,
        at: now.toISOString(),
        by: actor(admin),
        key: keyJson(record),
        principal: { name: principal.name, unique_id: principal.unique_id, revision: after.revision },
        ...(proof === undefined ? {} : { proof_sha256: proof }),
      },
      actor: admin.arn,
    },
    evidenceKey,
    now,
  );
  const write: RegistryChange = {
    kind: 'key-changed',
    principal: after,
    key: record,
    recordedAt: now.toISOString(),
    isNew: action === 'registered',
  };
  await apply(deps, event, write, conflict);
  return { created: action === 'registered', value: record, event: event.record.sha256 };
}

async function apply(
  deps: RegistryDeps,
  event: Awaited<ReturnType<typeof storeEvent>>,
  change: RegistryChange,
  refused: () => never,
): Promise<void> {
  if ((await deps.registry.apply(event.record, event.entries, change)) !== 'committed') refused();
}

function conflict(): never {
  throw new DomainError('REVISION_CONFLICT', 'the record was changed by somebody else meanwhile; nothing was written', {
    hint: 'read it again, and repeat the change if it still applies',
  });
}

async function requirePrincipal(deps: RegistryDeps, name: string): Promise<Principal> {
  const principal = await deps.registry.principalByName(name);
  if (principal) return principal;
  throw new DomainError('NOT_FOUND', `no principal ${JSON.stringify(name)} is registered`, {
    pointer: '/principal',
    hint: 'register its role first: POST /v1/principals',
  });
}

/** Makes room by dropping revoked keys, oldest first: their history stays under the key itself. */
function withKey(principal: Principal, record: KeyRecord): readonly KeyRecord[] {
  const others = principal.keys.filter(({ keyid }) => keyid !== record.keyid);
  const surplus = others.length + 1 - MAX_KEYS_PER_PRINCIPAL;
  const droppable = others.filter(({ revoked }) => revoked).slice(0, Math.max(0, surplus));
  if (droppable.length < surplus) {
    throw new DomainError('REQUEST_INVALID', `${principal.name} has ${others.length} keys in use; revoke one first`, {
      pointer: '/public_key',
    });
  }
  return [...others.filter((key) => !droppable.includes(key)), record];
}

function sameAuthority(a: KeyRecord, b: KeyRecord): boolean {
  const authority = ({ revision: _revision, ...rest }: KeyRecord): string =>
    sha256Hex(canonicalBytes(keyJson({ ...rest, revision: 1 })));
  return authority(a) === authority(b);
}

function keyJson(record: KeyRecord): JsonObject {
  const { revoked, ...rest } = record;
  return { ...rest, ...(revoked ? { revoked: { ...revoked } } : {}) };
}

function actor(admin: Caller): JsonObject {
  return { arn: admin.arn, unique_id: admin.uniqueId, account: admin.account };
}

/** A principal has no bytes; its name and role under one digest make it a subject that can be looked up. */
export function principalDigest({ name, unique_id }: { readonly name: string; readonly unique_id: string }): string {
  return sha256Hex(`countersign-principal/v1\n${name}\n${unique_id}\n`);
}
