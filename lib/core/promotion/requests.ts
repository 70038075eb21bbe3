import * as z from 'zod/mini';
import { ENVIRONMENTS } from '../../contracts/predicates.ts';
import { Sha256Schema } from '../digest.ts';
import { EndpointSchema } from '../requests.ts';

/** Bodies of the requests about promotions. */

const Reason = z
  .string()
  .check(
    z.minLength(3),
    z.maxLength(2000),
    z.describe('Shown to the approvers and kept for the auditors; write no personal data here'),
  );

/** "ContainerDefinition", Amazon SageMaker API Reference: at most 255 characters. By digest, because a tag is moved. */
const ImageSchema = z
  .string()
  .check(
    z.maxLength(255),
    z.regex(
      /^[a-z0-9][a-z0-9.-]*(:[0-9]{1,5})?(\/[a-z0-9][a-z0-9._-]*)+@sha256:[0-9a-f]{64}$/,
      'must name a registry, a repository and a digest: REGISTRY/REPOSITORY@sha256:…',
    ),
  );

const AlarmName = z
  .string()
  .check(z.regex(/^[\x21-\x7e]([\x20-\x7e]{0,253}[\x21-\x7e])?$/, 'must be the name of an alarm'));

/** SageMaker takes 10 alarms; one of them is ours. */
const MAX_ALARMS = 9;

export const RequestPromotionSchema = z
  .strictObject({
    model: Sha256Schema.check(z.describe('SHA-256 of the model.tar.gz')),
    image: ImageSchema,
    endpoint: EndpointSchema,
    environment: z.enum(ENVIRONMENTS),
    request: z.string().check(
      // An emergency rollback is found by its request: nobody else's may have that name.
      z.regex(
        /^(?!rollback\/)[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,127}$/,
        'must be 1 to 128 of A-Z a-z 0-9 . _ : / @ + -, and must not begin with rollback/',
      ),
      z.describe('Your own name for the request: the same again is the same promotion'),
    ),
    reason: Reason,
    on_busy: z
      ._default(z.enum(['wait', 'supersede']), 'wait')
      .check(z.describe('What becomes of it while another promotion has the endpoint')),
    instance_type: z._default(
      z.string().check(z.regex(/^ml\.[a-z0-9-]{1,20}\.[a-z0-9]{1,16}$/, 'must be a SageMaker instance type')),
      'ml.m5.large',
    ),
    instance_count: z._default(z.int().check(z.minimum(1), z.maximum(100)), 2),
    canary_percent: z
      ._default(z.int().check(z.minimum(1), z.maximum(50)), 10)
      .check(z.describe('Share of the traffic that the canary takes')),
    bake_seconds: z._default(z.int().check(z.minimum(0), z.maximum(3600)), 300),
    alarms: z
      ._default(z.array(AlarmName).check(z.maxLength(MAX_ALARMS)), [])
      .check(z.describe('CloudWatch alarms that take the deployment back, besides our own')),
  })
  .check(z.describe('Asks that a model serves on an endpoint'));

export const PromotionReasonSchema = z.strictObject({ reason: Reason });

export const RollBackSchema = z.strictObject({
  reason: Reason,
  from: z
    .optional(Sha256Schema)
    .check(
      z.describe(
        'Evidence of the release, or id of the promotion, that is to be left; must be said once somebody went back',
      ),
    ),
});
export type RollBack = z.output<typeof RollBackSchema>;

/** How the request of a rollback that leaves a release begins, by the release's evidence; the number of the attempt follows. */
export const rollbackRequest = (release: string): string => `rollback/${release}/`;

export type RequestPromotion = z.output<typeof RequestPromotionSchema>;
