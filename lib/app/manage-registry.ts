import { canonicalBytes } from '../core/canonical.ts';
import { sha256Hex } from '../core/digest.ts';
import { DomainError } from '../core/errors.ts';
import { isRegistryEvent, type RegistryEvent } from '../core/events.ts';
import type { EvidenceKey } from '../core/evidence-key.ts';
import { checkKeyProof } from '../core/key-proof.ts';
import { parsePublicKey } from '../core/keys.ts';
import { objectKey } from '../core/layout.ts';
import { checkKeySize, type KeyRecord, type Principal, withKey } from '../core/registry.ts';
import type { RegisterKey, RegisterPrincipal, RevokeKey } from '../core/requests.ts';
import { type CountersignDeps, requireEvidenceKey, retainUntil } from './countersign.ts';
import { originOf } from './origin.ts';
import type { Registry, RegistryChange, Taken } from './ports.ts';
import { type RecordedEvent, storeEvent } from './record-event.ts';
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
  const evidenceKey = requireEvidenceKey(await deps.registry.evidenceKey(), deps.signer);
  const { principal: known } = await deps.registry.context(request.unique_id);
  if (known) {
    if (known.name === request.name && known.arn === request.arn)
      return { created: false, value: known, event: undefined };
    throw new DomainError('PRINCIPAL_EXISTS', `${request.unique_id} is registered as ${known.name}`, {
      pointer: '/unique_id',
    });
  }
  // Before the event: one that could never come into force would stop its stream for ever.
  if (!(await takeName(deps, request))) {
    throw new DomainError('PRINCIPAL_EXISTS', `the name ${request.name} is registered for another role`, {
      pointer: '/name',
    });
  }
  const principal = { ...request, account: request.arn.split(':')[4] ?? '' };
  const body = { ...originOf(deps, admin), action: 'principal-registered', revision: 1, principal } as const;
  const event = await recordChange(deps, body, principalDigest(principal), undefined, evidenceKey);
  return { created: true, value: { ...principal, revision: 1, keys: [] }, event };
}

/** Registers a key with its authority, or changes the authority of a registered one. The owner proves possession each time. */
export async function registerKey(
  deps: RegistryDeps,
  request: RegisterKey,
  admin: Caller,
): Promise<Changed<KeyRecord>> {
  const evidenceKey = requireEvidenceKey(await deps.registry.evidenceKey(), deps.signer);
  const now = deps.clock().toISOString();
  const key = parsePublicKey(request.public_key);
  const proof = checkKeyProof(request.proof, key, request.principal);
  const principal = await requirePrincipal(deps, request.principal);
  const known = principal.keys.find(({ keyid }) => keyid === key.keyid);
  const changed: KeyRecord = {
    keyid: key.keyid,
    public_key: key.pem,
    algorithm: key.algorithm,
    principal: principal.name,
    role: request.role,
    stages: request.stages,
    predicate_types: request.predicate_types,
    scai_attributes: request.scai_attributes,
    not_before: request.not_before ?? known?.not_before ?? now,
    not_after: request.not_after,
    revision: (known?.revision ?? 0) + 1,
    registered_at: known?.registered_at ?? now,
  };
  if (changed.not_after <= changed.not_before) {
    throw new DomainError('REQUEST_INVALID', 'not_after must lie after not_before', { pointer: '/not_after' });
  }
  if (known) {
    if (known.revoked) throw new DomainError('KEY_REVOKED', `key ${key.keyid} is revoked for good; register another`);
    if (sameAuthority(known, changed)) return { created: false, value: known, event: undefined };
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
  }
  checkKeySize(changed);
  // Refuses a principal that has no room before anything is written.
  withKey(principal, changed);
  if (!known) await requireFree(deps, key.keyid, principal.name);
  const action = known ? 'key-changed' : 'key-registered';
  const event = await changeKey(deps, { action, key: changed, principal, admin, proof_sha256: proof }, evidenceKey);
  return { created: !known, value: changed, event };
}

/** Ends a key for good. Evidence that it signed after `effective_at` is not to be trusted. */
export async function revokeKey(
  deps: RegistryDeps,
  keyid: string,
  request: RevokeKey,
  admin: Caller,
): Promise<Changed<KeyRecord>> {
  const evidenceKey = requireEvidenceKey(await deps.registry.evidenceKey(), deps.signer);
  const now = deps.clock().toISOString();
  const owner = await deps.registry.keyOwner(keyid);
  const principal = owner === undefined ? undefined : await requirePrincipal(deps, owner);
  // A revoked key that had to make room for another is still on record.
  const known = principal?.keys.find((key) => key.keyid === keyid) ?? (await deps.registry.keyAt(keyid, deps.clock()));
  if (!principal || !known) throw new DomainError('NOT_FOUND', `no key ${keyid} is registered`);
  if (known.revoked) return { created: false, value: known, event: undefined };
  const effective = request.effective_at ?? now;
  if (effective > now) {
    throw new DomainError('REQUEST_INVALID', 'effective_at must not lie in the future', { pointer: '/effective_at' });
  }
  const revoked = { recorded_at: now, effective_at: effective, reason: request.reason };
  const key: KeyRecord = { ...known, revision: known.revision + 1, revoked };
  const event = await changeKey(deps, { action: 'key-revoked', key, principal, admin }, evidenceKey);
  return { created: false, value: key, event };
}

/**
 * Makes the deployment's KMS key the one that countersigns. Run after the first deployment and after each rotation; the old
 * public key stays in WORM and verifies what it signed.
 *
 * Crash after the public key is put: the next run goes on, the object being the same.
 */
export async function activateEvidenceKey(deps: RegistryDeps, admin: Caller): Promise<Changed<EvidenceKey>> {
  const previous = await deps.registry.evidenceKey();
  const { keyid, pem } = parsePublicKey(await deps.kmsPublicKey());
  if (previous?.keyid === keyid) return { created: false, value: previous, event: undefined };
  const now = deps.clock();
  const revision = (previous?.revision ?? 0) + 1;
  const key: EvidenceKey = {
    keyid,
    public_key: pem,
    kms_key_arn: deps.signer.keyArn,
    activated_at: now.toISOString(),
    revision,
  };
  await deps.store.putOnce(objectKey.publicKey(keyid), Buffer.from(pem), {
    contentType: 'application/x-pem-file',
    retainUntil: retainUntil(deps.retention, 'production', now),
  });
  const body = { ...originOf(deps, admin), action: 'evidence-key-activated', revision, evidence_key: key } as const;
  const event = await recordChange(deps, body, keyid, undefined, key);
  return { created: true, value: key, event };
}

interface KeyChange {
  readonly action: 'key-registered' | 'key-changed' | 'key-revoked';
  readonly key: KeyRecord;
  readonly principal: Principal;
  readonly admin: Caller;
  readonly proof_sha256?: string;
}

async function changeKey(
  deps: RegistryDeps,
  { principal, admin, ...change }: KeyChange,
  evidenceKey: EvidenceKey,
): Promise<string> {
  const { name, unique_id } = principal;
  const body = {
    ...originOf(deps, admin),
    ...change,
    revision: principal.revision + 1,
    principal: { name, unique_id },
  };
  return await recordChange(deps, body, change.key.keyid, principal, evidenceKey);
}

/** The change that an event (named by its digest) makes, from the state before it. The registry is nothing but these, one after the other. */
export function registryChange(body: RegistryEvent, before: Principal | undefined, event: string): RegistryChange {
  switch (body.action) {
    case 'evidence-key-activated':
      return { kind: 'evidence-key-activated', key: body.evidence_key };
    case 'policy-proposed':
    case 'policy-tested':
    case 'policy-simulated':
    case 'policy-approved':
      return { kind: 'policy-changed', policy: body.policy };
    case 'policy-activated':
    case 'policy-rolled-back':
    case 'policy-shadowed':
    case 'policy-withdrawn':
      return { kind: 'policy-activated', activation: { ...body.activation, by: body.by.arn, event } };
    case 'waiver-requested':
    case 'waiver-approved':
    case 'waiver-ended':
      return { kind: 'waiver-changed', waiver: { ...body.waiver, event } };
    case 'approver-added':
    case 'approver-changed':
    case 'approver-erased':
      return { kind: 'approver-changed', approver: { ...body.approver, event }, contact: undefined };
    case 'webhook-added':
    case 'webhook-changed':
    case 'webhook-secret-rotated':
      return { kind: 'webhook-changed', webhook: { ...body.webhook, event }, sealed: undefined };
    case 'principal-registered':
      return { kind: 'principal-created', principal: { ...body.principal, revision: 1, keys: [] } };
    case 'key-registered':
    case 'key-changed':
    case 'key-revoked': {
      if (!before) throw new DomainError('INTEGRITY_FAILURE', 'a key changed before its principal was registered');
      const principal = { ...before, revision: body.revision, keys: withKey(before, body.key) };
      return {
        kind: 'key-changed',
        principal,
        key: body.key,
        recordedAt: body.at,
        isNew: body.action === 'key-registered',
      };
    }
  }
}

/** Stores the event and commits its change. @returns digest of the event */
export async function recordChange(
  deps: CountersignDeps & { readonly registry: Registry },
  wanted: RegistryEvent,
  subject: string,
  before: Principal | undefined,
  key: EvidenceKey,
): Promise<string> {
  const event = await storeEvent(deps, wanted, subject, key);
  if (!isRegistryEvent(event.body)) {
    throw new DomainError('INTEGRITY_FAILURE', 'another event lies among those of the registry');
  }
  return await commitChange(deps.registry, event, registryChange(event.body, before, event.record.sha256));
}

/**
 * Commits an event together with the change that it records.
 *
 * @returns digest of the event
 * @throws DomainError REVISION_CONFLICT when somebody else's change has the number
 */
export async function commitChange(
  registry: Pick<Registry, 'apply'>,
  event: RecordedEvent,
  change: RegistryChange,
): Promise<string> {
  const outcome = await registry.apply(event.record, event.entries, change);
  // 'exists' says of our own event that somebody met it here and committed it first: the change was made all the same.
  if (!event.resumed && outcome !== 'principal-changed') return event.record.sha256;
  throw new DomainError('REVISION_CONFLICT', 'another change came first; this one was not made', {
    hint: 'read the record again, and repeat the change if it still applies',
    retryAfterMs: 1000,
  });
}

/** @returns whether the name is the role's to take */
async function takeName(deps: RegistryDeps, { name, unique_id }: RegisterPrincipal): Promise<boolean> {
  const taken = await deps.registry.reserveName(name, unique_id, deps.clock());
  if (!taken) return true;
  const { principal } = await deps.registry.context(taken.owner);
  if (!(await isAbandoned(deps, taken, { unique_id: taken.owner, revision: principal?.revision ?? 0 }))) return false;
  return (await deps.registry.reserveName(name, unique_id, deps.clock(), taken)) === undefined;
}

async function takeKey(deps: RegistryDeps, keyid: string, principal: string): Promise<boolean> {
  const taken = await deps.registry.reserveKey(keyid, principal, deps.clock());
  if (!taken) return true;
  const owner = await deps.registry.principalByName(taken.owner);
  if (!owner || !(await isAbandoned(deps, taken, owner))) return false;
  return (await deps.registry.reserveKey(keyid, principal, deps.clock(), taken)) === undefined;
}

/** A request that reserved something has written its event, or died, long before this. */
const ABANDONED_AFTER_MS = 15 * 60 * 1000;

/**
 * Whether a request died between a reservation and its event. One that wrote the event may yet come into force, and its event
 * is then the next of its owner's stream.
 */
async function isAbandoned(
  deps: RegistryDeps,
  { reserved_at }: Taken,
  owner: Pick<Principal, 'unique_id' | 'revision'>,
): Promise<boolean> {
  if (reserved_at === undefined) return false;
  if (deps.clock().getTime() - Date.parse(reserved_at) < ABANDONED_AFTER_MS) return false;
  const next = objectKey.event(`principal/${owner.unique_id}`, owner.revision + 1);
  return (await deps.store.read(next)) === undefined;
}

/** Before the event, as for a name. A revoked key that had to make room for another is not free: revoked is for good. */
async function requireFree(deps: RegistryDeps, keyid: string, principal: string): Promise<void> {
  if (!(await takeKey(deps, keyid, principal))) {
    throw new DomainError('KEY_OF_ANOTHER_PRINCIPAL', `key ${keyid} is registered for another principal`, {
      pointer: '/public_key',
    });
  }
  if (await deps.registry.keyAt(keyid, deps.clock())) {
    throw new DomainError('KEY_REVOKED', `key ${keyid} is revoked for good; register another`);
  }
}

async function requirePrincipal(deps: RegistryDeps, name: string): Promise<Principal> {
  const principal = await deps.registry.principalByName(name);
  if (principal) return principal;
  throw new DomainError('NOT_FOUND', `no principal ${JSON.stringify(name)} is registered`, {
    pointer: '/principal',
    hint: 'register its role first: POST /v1/principals',
  });
}

function sameAuthority(a: KeyRecord, b: KeyRecord): boolean {
  const authority = ({ revision: _revision, revoked: _revoked, ...rest }: KeyRecord): string =>
    sha256Hex(canonicalBytes(rest));
  return authority(a) === authority(b);
}

/** A principal has no bytes; its name and role under one digest make it a subject that can be looked up. */
export function principalDigest({ name, unique_id }: { readonly name: string; readonly unique_id: string }): string {
  return sha256Hex(`countersign-principal/v1\n${name}\n${unique_id}\n`);
}
