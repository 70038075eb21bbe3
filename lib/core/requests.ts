import * as z from 'zod';
import { ENVIRONMENTS, STAGES, SUBMITTABLE } from '../contracts/predicates.ts';
import { Sha256Schema } from './digest.ts';

/** Bodies of the requests that are not evidence themselves. */

/** In UTC, so that instants compare as text; an offset must not carry one beyond the years of four digits. */
const Instant = z.iso
  .datetime({ offset: true, message: 'must be an RFC 3339 date-time' })
  .transform((text) => new Date(text).toISOString())
  .refine((text) => /^[0-9]{4}-/.test(text), 'must lie in the years 0000 to 9999 of UTC');
const Reason = z.string().min(3).max(2000).describe('Kept for the auditors; write no personal data here');

export const PrincipalNameSchema = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._@+-]{0,127}$/,
    'must be 1 to 128 of A-Z a-z 0-9 . _ @ + - and begin with a letter or digit',
  );

export const RegisterPrincipalSchema = z.strictObject({
  name: PrincipalNameSchema,
  unique_id: z
    .string()
    .regex(
      /^(AROA|AIDA)[A-Z0-9]{8,124}$/,
      'must be the unique id of a role (AROA…) or user (AIDA…): aws iam get-role --query Role.RoleId',
    ),
  arn: z
    .string()
    .max(2048)
    .regex(/^arn:aws[a-z-]*:iam::[0-9]{12}:(role|user)\/.+$/, 'must be the ARN of an IAM role or user'),
});

export const RegisterKeySchema = z
  .strictObject({
    principal: PrincipalNameSchema,
    role: z.string().regex(/^[a-z][a-z0-9-]{0,63}$/, 'must be lower-case letters, digits and dashes'),
    stages: z.array(z.enum(STAGES)).default([]),
    predicate_types: z.array(z.enum(SUBMITTABLE)).min(1),
    scai_attributes: z.array(z.string().min(1).max(256)).max(64).default([]),
    not_before: Instant.optional(),
    not_after: Instant,
    public_key: z.string().max(2000),
    /** Sigstore bundle, signed by the key itself, over a key-proof statement: see docs/formats.md. */
    proof: z.record(z.string(), z.json()),
    /** The revision that this call changes; left out when the key is new. */
    revision: z.int().positive().optional(),
  })
  .describe('Registers a key, or changes what a registered key has authority for');

export const RevokeKeySchema = z.strictObject({
  reason: Reason,
  /** From when on signatures are not to be trusted; now if left out. */
  effective_at: Instant.optional(),
});

export const HoldSchema = z.strictObject({ sha256: Sha256Schema, reason: Reason });

export type RegisterPrincipal = z.output<typeof RegisterPrincipalSchema>;
export type RegisterKey = z.output<typeof RegisterKeySchema>;
export type RevokeKey = z.output<typeof RevokeKeySchema>;
export type HoldRequest = z.output<typeof HoldSchema>;

/** S3 takes at most this many parts of one upload, and 5 TiB in all. */
export const MAX_PARTS = 10_000;

export const PutArtifactSchema = z.strictObject({
  sha256: Sha256Schema,
  size: z
    .int()
    .min(0)
    .max(5 * 1024 ** 4)
    .describe('Bytes'),
  media_type: z.string().min(3).max(255).default('application/octet-stream'),
  environment: z.enum(ENVIRONMENTS).default('experimental').describe('Decides how long it is kept'),
});

/** Names one upload through the staging bucket; given by POST /v1/artifacts. */
const UploadSchema = z.strictObject({ id: z.string().min(1).max(2048), name: z.uuid() });

export const PartsSchema = z
  .strictObject({ upload: UploadSchema, from: z.int().min(1).max(MAX_PARTS), to: z.int().min(1).max(MAX_PARTS) })
  .refine(({ from, to }) => from <= to && to - from < 100, {
    path: ['to'],
    message: 'from <= to, at most 100 parts at a time',
  });

export const CompleteSchema = z.strictObject({
  upload: UploadSchema,
  media_type: z.string().min(3).max(255).default('application/octet-stream'),
  environment: z.enum(ENVIRONMENTS).default('experimental'),
  parts: z
    .array(z.strictObject({ part_number: z.int().min(1).max(MAX_PARTS), etag: z.string().min(1).max(128) }))
    .min(1)
    .max(MAX_PARTS),
});

export type PutArtifact = z.output<typeof PutArtifactSchema>;
export type Parts = z.output<typeof PartsSchema>;
export type Complete = z.output<typeof CompleteSchema>;
