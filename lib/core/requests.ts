import * as z from 'zod/mini';
import { ENVIRONMENTS, STAGES, SUBMITTABLE } from '../contracts/predicates.ts';
import { Sha256Schema } from './digest.ts';
import { GATE_PHASES } from './gate/input.ts';
import { ImageDigestSchema } from './manifest.ts';
import { MAIN } from './slots.ts';

/** Bodies of the requests that are not evidence themselves. */

/** In UTC, so that instants compare as text; an offset must not carry one beyond the years of four digits. */
export const InstantSchema = z
  .pipe(
    z.iso.datetime({ offset: true, message: 'must be an RFC 3339 date-time' }),
    z.transform((text: string) => new Date(text).toISOString()),
  )
  .check(z.refine((text) => /^[0-9]{4}-/.test(text), 'must lie in the years 0000 to 9999 of UTC'));
const Reason = z
  .string()
  .check(z.minLength(3), z.maxLength(2000), z.describe('Kept for the auditors; write no personal data here'));

export const PrincipalNameSchema = z
  .string()
  .check(
    z.regex(
      /^[A-Za-z0-9][A-Za-z0-9._@+-]{0,127}$/,
      'must be 1 to 128 of A-Z a-z 0-9 . _ @ + - and begin with a letter or digit',
    ),
  );

export const RegisterPrincipalSchema = z.strictObject({
  name: PrincipalNameSchema,
  unique_id: z
    .string()
    .check(
      z.regex(
        /^(AROA|AIDA)[A-Z0-9]{8,124}$/,
        'must be the unique id of a role (AROA…) or user (AIDA…): aws iam get-role --query Role.RoleId',
      ),
    ),
  arn: z
    .string()
    .check(
      z.maxLength(2048),
      z.regex(/^arn:aws[a-z-]*:iam::[0-9]{12}:(role|user)\/[\x21-\x7e]+$/, 'must be the ARN of an IAM role or user'),
    ),
});

/** What somebody acts as, such as `model-owner`: a name of the customer's, which rules use. */
export const KeyRoleSchema = z
  .string()
  .check(z.regex(/^[a-z][a-z0-9-]{0,63}$/, 'must be lower-case letters, digits and dashes'));

export const RegisterKeySchema = z
  .strictObject({
    principal: PrincipalNameSchema,
    role: KeyRoleSchema,
    stages: z._default(z.array(z.enum(STAGES)), []),
    predicate_types: z.array(z.enum(SUBMITTABLE)).check(z.minLength(1)),
    scai_attributes: z._default(z.array(z.string().check(z.minLength(1), z.maxLength(256))).check(z.maxLength(64)), []),
    not_before: z.optional(InstantSchema),
    not_after: InstantSchema,
    public_key: z.string().check(z.maxLength(2000)),
    /** Sigstore bundle, signed by the key itself, over a key-proof statement: see docs/formats.md. */
    proof: z.record(z.string(), z.json()),
    /** The revision that this call changes; left out when the key is new. */
    revision: z.optional(z.int().check(z.positive())),
  })
  .check(z.describe('Registers a key, or changes what a registered key has authority for'));

export const RevokeKeySchema = z.strictObject({
  reason: Reason,
  /** From when on signatures are not to be trusted; now if left out. */
  effective_at: z.optional(InstantSchema),
});

export const HoldSchema = z.strictObject({ sha256: Sha256Schema, reason: Reason });

export type RegisterPrincipal = z.output<typeof RegisterPrincipalSchema>;
export type RegisterKey = z.output<typeof RegisterKeySchema>;
export type RevokeKey = z.output<typeof RevokeKeySchema>;
export type HoldRequest = z.output<typeof HoldSchema>;

const TOKEN = "[A-Za-z0-9!#$%&'*+.^_`|~-]+";

/** RFC 9110 section 8.3.1. It becomes a signed header of the upload, and a header of every download. */
const MEDIA_TYPE = new RegExp(`^${TOKEN}/${TOKEN}(?: ?; ?${TOKEN}=(?:${TOKEN}|"[ !#-[\\]-~]*"))*$`);
const MediaType = z._default(
  z
    .string()
    .check(
      z.minLength(3),
      z.maxLength(255),
      z.regex(MEDIA_TYPE, 'must be a media type such as application/gzip or text/csv; charset=utf-8'),
    ),
  'application/octet-stream',
);

/** S3 takes at most this many parts of one upload, and 5 TiB in all. */
export const MAX_PARTS = 10_000;

export const PutArtifactSchema = z.strictObject({
  sha256: Sha256Schema,
  size: z.int().check(z.minimum(0), z.maximum(5 * 1024 ** 4), z.describe('Bytes')),
  media_type: MediaType,
  environment: z._default(z.enum(ENVIRONMENTS), 'experimental').check(z.describe('Decides how long it is kept')),
});

/** Names one upload through the staging bucket; given by POST /v1/artifacts. */
const UploadSchema = z.strictObject({ id: z.string().check(z.minLength(1), z.maxLength(2048)), name: z.uuid() });

export const PartsSchema = z
  .strictObject({
    upload: UploadSchema,
    from: z.int().check(z.minimum(1), z.maximum(MAX_PARTS)),
    to: z.int().check(z.minimum(1), z.maximum(MAX_PARTS)),
  })
  .check(
    z.refine(({ from, to }) => from <= to && to - from < 100, {
      path: ['to'],
      message: 'from <= to, at most 100 parts at a time',
    }),
  );

export const CompleteSchema = z.strictObject({
  upload: UploadSchema,
  media_type: MediaType,
  environment: z._default(z.enum(ENVIRONMENTS), 'experimental'),
  parts: z
    .array(
      z.strictObject({
        part_number: z.int().check(z.minimum(1), z.maximum(MAX_PARTS)),
        etag: z
          .string()
          .check(z.maxLength(128), z.regex(/^"?[!#-~]+"?$/, 'must be the ETag that the PUT of the part answered')),
      }),
    )
    .check(z.minLength(1), z.maxLength(MAX_PARTS)),
});

export type PutArtifact = z.output<typeof PutArtifactSchema>;
export type Parts = z.output<typeof PartsSchema>;
export type Complete = z.output<typeof CompleteSchema>;

export const ProposePolicySchema = z
  .strictObject({
    bundle: z.string().check(z.minLength(1), z.maxLength(1_000_000), z.describe('OPA bundle (tar.gz), base64')),
    change_request: z.string().check(z.minLength(3), z.maxLength(500), z.describe('What asked for the change')),
  })
  .check(z.describe('Proposes a policy'));

export const TestPolicySchema = z.strictObject({ evidence: Sha256Schema });

export const EndpointSchema = z
  .string()
  .check(z.regex(/^[A-Za-z0-9](-*[A-Za-z0-9]){0,62}$/, 'must be the name of a SageMaker endpoint'));

const MaybeDigest = z._default(z.nullable(Sha256Schema), null);

export const RequestWaiverSchema = z
  .strictObject({
    rule: z.string().check(z.regex(/^[a-z][a-z0-9_.]{0,127}$/, 'must be the name of a rule')),
    scope: z.strictObject({
      model: MaybeDigest,
      dataset: MaybeDigest,
      endpoint: z._default(z.nullable(EndpointSchema), null),
      environment: z._default(z.nullable(z.enum(ENVIRONMENTS)), null),
    }),
    reason: Reason,
    compensating_control: Reason,
    not_after: InstantSchema,
  })
  .check(z.describe('Asks for an exception to one rule'));

export const EndWaiverSchema = z.strictObject({ reason: Reason });

export type RequestWaiver = z.output<typeof RequestWaiverSchema>;

const SlotNameSchema = z
  .string()
  .check(z.regex(/^[a-z][a-z0-9-]{0,31}$/, 'must be 1 to 32 of a-z 0-9 - and begin with a letter'));

/** Of a policy beside the main one. */
const BesideSlotSchema = SlotNameSchema.check(
  z.refine((name) => name !== MAIN, `must name a slot beside the policy that decides alone: ${MAIN} is none`),
);

const AnySlotSchema = z._default(SlotNameSchema, MAIN);

export const ActivatePolicySchema = z.strictObject({ slot: AnySlotSchema });

export const ShadowPolicySchema = z.strictObject({
  slot: BesideSlotSchema,
  /** When it ends by itself. */
  until: InstantSchema,
});

export const EndShadowSchema = z.strictObject({ slot: BesideSlotSchema, reason: Reason });

export const WithdrawPolicySchema = z.strictObject({
  slot: BesideSlotSchema,
  reason: Reason,
  /** The policy that is to be withdrawn: not what somebody else put there meanwhile. */
  from: Sha256Schema,
});

export const RollBackPolicySchema = z.strictObject({
  slot: AnySlotSchema,
  reason: Reason,
  /** The policy that is to be left: so that a rollback that is sent twice does not undo itself. */
  from: Sha256Schema,
});

export const StartSimulationSchema = z
  .strictObject({
    from: InstantSchema,
    to: z.optional(InstantSchema).check(z.describe('Exclusive; now unless given')),
    environment: z.optional(z.enum(ENVIRONMENTS)).check(z.describe('All of them unless given')),
    slot: AnySlotSchema.check(z.describe('Where the policy would stand')),
  })
  .check(z.describe('Asks what a policy would have decided'));

export type StartSimulation = z.output<typeof StartSimulationSchema>;

export type ProposePolicy = z.output<typeof ProposePolicySchema>;

export const EvaluateGateSchema = z
  .strictObject({
    model: Sha256Schema,
    environment: z.enum(ENVIRONMENTS),
    phase: z._default(z.enum(GATE_PHASES), 'request'),
    image_digest: z.optional(ImageDigestSchema),
    endpoint: z.optional(EndpointSchema),
    /** Checked in full, whatever the environment's sampling. */
    release_candidate: z._default(z.boolean(), false),
    /** Judged by the policy, keys, waivers and evidence of that time. */
    at: z.optional(InstantSchema),
  })
  .check(z.describe('Asks whether a model may enter an environment'));

export const ResolveIncidentSchema = z.strictObject({ reason: Reason });
