import * as z from 'zod';
import { ENVIRONMENTS, STAGES } from '../../contracts/predicates.ts';
import type { EvidenceRecord, IndexEntry } from '../../core/evidence.ts';
import { KeyRecordSchema, type Principal } from '../../core/registry.ts';

/** Items are parsed when they are read: a table that another hand wrote to must not be believed blindly. */

const FlagSchema = z.enum(['late', 'unsigned']);

export const EvidenceRecordSchema: z.ZodType<EvidenceRecord> = z.object({
  sha256: z.string(),
  kind: z.enum(['attestation', 'artifact', 'event']),
  form: z.enum(['sigstore-bundle', 'dsse', 'manifest', 'unsigned', 'artifact', 'event']),
  media_type: z.string(),
  size: z.number(),
  received_at: z.string(),
  principal: z.string(),
  statement_identity: z.string().exactOptional(),
  predicate_type: z.string().exactOptional(),
  keyid: z.string().exactOptional(),
  key_revision: z.number().exactOptional(),
  environment: z.enum(ENVIRONMENTS),
  stage: z.enum(STAGES).exactOptional(),
  run_id: z.string().exactOptional(),
  flags: z.array(FlagSchema),
  object_key: z.string(),
  version_id: z.string(),
  retain_until: z.string(),
  receipt: z.string().exactOptional(),
  receipt_version_id: z.string().exactOptional(),
  evidence_keyid: z.string(),
  kms_request_id: z.string(),
  inline: z.instanceof(Uint8Array).exactOptional(),
});

export const IndexEntrySchema: z.ZodType<IndexEntry> = z.object({
  pk: z.string(),
  sk: z.string(),
  evidence: z.string(),
  predicate_type: z.string().exactOptional(),
  received_at: z.string(),
  principal: z.string(),
  stage: z.enum(STAGES).exactOptional(),
  run_id: z.string().exactOptional(),
  environment: z.enum(ENVIRONMENTS).exactOptional(),
  flags: z.array(FlagSchema),
  part: z.enum(['output', 'input', 'mention']).exactOptional(),
  linked: z.array(z.string()).exactOptional(),
  attributes: z.array(z.string()).exactOptional(),
  result: z.string().exactOptional(),
});

export const PrincipalSchema: z.ZodType<Principal> = z.object({
  name: z.string(),
  unique_id: z.string(),
  arn: z.string(),
  account: z.string(),
  revision: z.number(),
  keys: z.array(KeyRecordSchema),
});
