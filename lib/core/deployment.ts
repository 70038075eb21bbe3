import { HOSTING_PREFIX } from '../contracts/deployment.ts';
import { canonicalBytes } from './canonical.ts';
import { sha256Hex } from './digest.ts';
import { objectKey } from './layout.ts';
import { imageDigestOf, type Promotion, type Serving } from './promotion.ts';

/** The one variant of an endpoint that we make; an adopted endpoint keeps the name of its own. */
export const VARIANT = 'AllTraffic';

/** Seconds that SageMaker gives a container to start, at most: a large model takes long to load. */
const START_SECONDS = 3600;

/** Seconds that SageMaker may be late with its own limits before we call a deployment stuck. */
const GRACE_SECONDS = 900;

/** How often SageMaker is told to put back what served before. */
export const TOLD_BACK = 2;

/** Names have 63 characters of [a-zA-Z0-9-]; 40 hexadecimal digits are 160 bits. */
const named = (digest: string): string => `${HOSTING_PREFIX}${digest.slice(0, 40)}`;

/** How a model is made for SageMaker. The same content has the same name. */
export interface HostedModel {
  readonly image: string;
  /** `s3://` URI of the one object that it is unpacked from. */
  readonly data: string;
  /** ARN of the role that the container runs as. */
  readonly role: string;
  readonly isolated: boolean;
  /** What we never give a model and what changes what it does: variables of the environment, further containers or data. */
  readonly extras: readonly string[];
}

export function hostedModel(
  { model, image }: Pick<Promotion, 'model' | 'image'>,
  { bucket, role }: { readonly bucket: string; readonly role: string },
): HostedModel {
  return { image, data: `s3://${bucket}/${objectKey.artifact(model)}`, role, isolated: true, extras: [] };
}

export function modelName(model: HostedModel): string {
  return named(sha256Hex(canonicalBytes({ ...model })));
}

/** A configuration as SageMaker tells it. */
export interface HostedConfig {
  readonly variants: readonly ConfiguredVariant[];
  /** What we never ask for: shadow variants, copies of what is asked and answered, shells on the instances. */
  readonly extras: readonly string[];
}

interface ConfiguredVariant {
  readonly name: string;
  readonly model: string;
  readonly instance_type: string;
  readonly instance_count: number;
}

/** Each promotion has a configuration of its own: which one serves tells which promotion put it there. */
export function configName(promotion: Pick<Promotion, 'id'>): string {
  return named(promotion.id);
}

export function isSame(one: HostedModel | HostedConfig, other: HostedModel | HostedConfig): boolean {
  return canonicalBytes({ ...one }).equals(canonicalBytes({ ...other }));
}

export interface HostedVariant {
  readonly name: string;
  /** What its containers run, each `repository@sha256:<hex>`; empty while that is not told. */
  readonly images: readonly string[];
}

/** An endpoint as SageMaker tells it. */
export interface HostedEndpoint {
  /** In the letters that it was made with, whatever it was asked for by. */
  readonly name: string;
  readonly arn: string;
  readonly status:
    | 'Creating'
    | 'Deleting'
    | 'Failed'
    | 'InService'
    | 'OutOfService'
    | 'RollingBack'
    | 'SystemUpdating'
    | 'UpdateRollbackFailed'
    | 'Updating';
  /** Configuration that serves, or is to serve first. */
  readonly config: string;
  readonly variants: readonly HostedVariant[];
  /** What is being put in its place. */
  readonly pending: { readonly config: string; readonly variants: readonly HostedVariant[] } | null;
  /** Why the last deployment failed, in SageMaker's words. */
  readonly failure: string | null;
  /** When it was last told something, or came to an end of it. */
  readonly modified_at: Date;
}

/** What an endpoint is marked with, by us where we made it, else by a person who gives it to us. */
export interface EndpointMarks {
  readonly isOurs: boolean;
  /** The environment that it serves; undefined where no mark says so. */
  readonly environment: string | undefined;
}

/** Seconds that the new fleet may take until it alone serves. It is watched as long after the canary as during it. */
export function limitSeconds({ bake_seconds }: Pick<Serving, 'bake_seconds'>): number {
  return START_SECONDS + 2 * bake_seconds;
}

/** When a deployment that began at a time is stuck: SageMaker has ended it by itself before, or never will. */
export function overdueAt(serving: Pick<Serving, 'bake_seconds'>, startedAt: Date): Date {
  return new Date(startedAt.getTime() + (limitSeconds(serving) + GRACE_SECONDS) * 1000);
}

/** Images that are not the approved one, each as `variant: image`. */
export function foreignImages(promotion: Pick<Promotion, 'image'>, variants: readonly HostedVariant[]): string[] {
  const approved = `@${imageDigestOf(promotion)}`;
  return variants.flatMap(({ name, images }) =>
    images.filter((image) => !image.endsWith(approved)).map((image) => `${name}: ${image}`),
  );
}
