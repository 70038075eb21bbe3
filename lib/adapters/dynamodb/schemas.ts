import * as z from 'zod/mini';
import { ENVIRONMENTS, STAGES } from '../../contracts/predicates.ts';
import type { EvidenceRecord, IndexEntry } from '../../core/evidence.ts';
import { ShadowLineSchema } from '../../core/gate/shadow.ts';
import { KeyRecordSchema, type Principal } from '../../core/registry.ts';

/** Items are parsed when they are read: a table that another hand wrote to must not be believed blindly. */

const FlagSchema = z.enum(['late', 'unsigned']);

export const EvidenceRecordSchema: z.ZodMiniType<EvidenceRecord> = z.object({
  sha256: z.string(),
  kind: z.enum(['attestation', 'artifact', 'event']),
  form: z.enum(['sigstore-bundle', 'dsse', 'manifest', 'unsigned', 'artifact', 'event']),
  media_type: z.string(),
  size: z.number(),
  received_at: z.string(),
  principal: z.string(),
  statement_identity: z.exactOptional(z.string()),
  predicate_type: z.exactOptional(z.string()),
  keyid: z.exactOptional(z.string()),
  key_revision: z.exactOptional(z.number()),
  environment: z.enum(ENVIRONMENTS),
  stage: z.exactOptional(z.enum(STAGES)),
  run_id: z.exactOptional(z.string()),
  flags: z.array(FlagSchema),
  object_key: z.string(),
  version_id: z.string(),
  retain_until: z.string(),
  receipt: z.exactOptional(z.string()),
  receipt_version_id: z.exactOptional(z.string()),
  evidence_keyid: z.string(),
  kms_request_id: z.string(),
  inline: z.exactOptional(z.instanceof(Uint8Array)),
});

export const IndexEntrySchema: z.ZodMiniType<IndexEntry> = z.object({
  pk: z.string(),
  sk: z.string(),
  evidence: z.string(),
  predicate_type: z.exactOptional(z.string()),
  received_at: z.string(),
  principal: z.string(),
  stage: z.exactOptional(z.enum(STAGES)),
  run_id: z.exactOptional(z.string()),
  environment: z.exactOptional(z.enum(ENVIRONMENTS)),
  flags: z.array(FlagSchema),
  part: z.exactOptional(z.enum(['output', 'input', 'mention'])),
  linked: z.exactOptional(z.array(z.string())),
  attributes: z.exactOptional(z.array(z.string())),
  result: z.exactOptional(z.string()),
  shadow: z.exactOptional(ShadowLineSchema),
  scanner: z.exactOptional(z.string()),
});

export const PrincipalSchema: z.ZodMiniType<Principal> = z.object({
  name: z.string(),
  unique_id: z.string(),
  arn: z.string(),
  account: z.string(),
  revision: z.number(),
  keys: z.array(KeyRecordSchema),
});
