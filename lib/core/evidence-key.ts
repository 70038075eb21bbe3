import * as z from 'zod/mini';

/** The public half of the key that countersigns, as the registry and the events have it. */
export const EvidenceKeySchema = z.object({
  keyid: z.string(),
  public_key: z.string(),
  kms_key_arn: z.string(),
  activated_at: z.string(),
  /** Counts the keys that countersigned in this deployment, from 1. */
  revision: z.int().check(z.positive()),
});

export type EvidenceKey = Readonly<z.output<typeof EvidenceKeySchema>>;
