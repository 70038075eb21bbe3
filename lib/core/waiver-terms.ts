import * as z from 'zod/mini';

/** What a policy says of exceptions to its rules. */
export interface WaiverTerms {
  /** Each rule of its catalogue, and whether it may be waived. */
  readonly waivable: ReadonlyMap<string, boolean>;
  /** An exception is bridged, not lived with: it ends by itself after at most this long. */
  readonly maxDays: number;
}

/** Where the policy does not say. */
const MAX_DAYS = 90;

const CatalogSchema = z.looseObject({
  countersign: z.looseObject({ catalog: z.record(z.string(), z.looseObject({ waivable: z.boolean() })) }),
});

const ConfigSchema = z.looseObject({
  countersign: z.looseObject({
    config: z.looseObject({ waivers: z.looseObject({ max_days: z.int().check(z.positive()) }) }),
  }),
});

/**
 * Reads the terms from the data of a policy bundle. It may be anybody's policy: one whose data has no catalogue of our form
 * knows no exceptions.
 */
export function waiverTerms(data: unknown): WaiverTerms {
  const catalog = CatalogSchema.safeParse(data).data?.countersign.catalog ?? {};
  const config = ConfigSchema.safeParse(data).data?.countersign.config;
  return {
    waivable: new Map(Object.entries(catalog).map(([rule, { waivable }]) => [rule, waivable])),
    maxDays: config?.waivers.max_days ?? MAX_DAYS,
  };
}
