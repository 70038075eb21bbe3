import * as z from 'zod/mini';
import { ENVIRONMENTS, type Environment } from '../../contracts/predicates.ts';
import { canonicalBytes } from '../canonical.ts';
import { Sha256Schema } from '../digest.ts';
import type { Json, JsonObject } from '../json.ts';
import { EndpointSchema } from '../requests.ts';
import { JsonValue } from '../schema.ts';
import { fieldOf, imagesOf, type PodImages, podTemplateOf } from './pods.ts';

/** API version of the only AdmissionReview that is understood (Kubernetes, "Dynamic Admission Control"). */
export const ADMISSION_VERSION = 'admission.k8s.io/v1';

/** Names of the annotations or labels that an object, or its pod template, speaks to the gate with. */
export const AdmissionName = {
  /** Only an annotation has room for it: a label's value ends at 63 characters. */
  model: 'countersign.dev/model-sha256',
  environment: 'countersign.dev/environment',
  endpoint: 'countersign.dev/endpoint',
  /** `sha256:<hex>` of the container image that serves the model; needed where containers run several. */
  image: 'countersign.dev/image-digest',
  /** `true`: checked in full, whatever the environment's sampling. */
  releaseCandidate: 'countersign.dev/release-candidate',
} as const;

type Name = keyof typeof AdmissionName;
const NAMES = ['model', 'environment', 'endpoint', 'image', 'releaseCandidate'] as const satisfies readonly Name[];

/** Kubernetes adds fields as it grows; what is read here has been there since v1. */
export const AdmissionReviewSchema = z.looseObject({
  apiVersion: z.literal(ADMISSION_VERSION, `must be ${ADMISSION_VERSION}: set admissionReviewVersions to ["v1"]`),
  kind: z.literal('AdmissionReview'),
  request: z.looseObject({
    uid: z.string().check(z.minLength(1), z.maxLength(128)),
    operation: z.enum(['CREATE', 'UPDATE', 'DELETE', 'CONNECT']),
    object: z.optional(JsonValue),
    oldObject: z.optional(JsonValue),
    dryRun: z.optional(z.boolean()),
  }),
});

export type AdmissionRequest = z.output<typeof AdmissionReviewSchema>['request'];

/** What an admission asks of the gate. */
export interface AdmissionQuestion {
  readonly model: string;
  readonly environment: Environment;
  readonly endpoint: string | undefined;
  /** `sha256:<hex>` */
  readonly imageDigest: string;
  readonly releaseCandidate: boolean;
}

/** refuse: the object cannot be judged, so it stays outside. through: nothing enters. */
export type Admission =
  | { readonly kind: 'ask'; readonly question: AdmissionQuestion }
  | { readonly kind: 'through' }
  | { readonly kind: 'refuse'; readonly message: string };

/**
 * Reads from an object what the gate is to be asked. The object is whatever somebody sent to the cluster: what is not
 * understood is refused, and nothing is guessed.
 */
export function readAdmission({ operation, object, oldObject }: AdmissionRequest): Admission {
  if (operation === 'DELETE') return { kind: 'through' };
  if (operation === 'CONNECT') return refuse('a CONNECT holds no pod: let the webhook match CREATE and UPDATE only');
  const stated = readObject(object);
  if (!stated) return refuse('the object has no pod: let the webhook match pods, and what has a pod template');
  // Removing a finalizer or scaling brings nothing in, and must be possible when the evidence does not hold any more.
  if (operation === 'UPDATE' && isSame(stated, readObject(oldObject))) return { kind: 'through' };
  return questionOf(stated);
}

/** Of an object, all that could make a difference to what runs. */
interface Stated {
  readonly values: Readonly<Record<Name, readonly Json[]>>;
  readonly pod: JsonObject;
}

function readObject(object: Json | undefined): Stated | undefined {
  const template = podTemplateOf(object);
  if (!template) return undefined;
  const metadata = [fieldOf(object, 'metadata'), template.metadata];
  const places = metadata.flatMap((one) => [fieldOf(one, 'annotations'), fieldOf(one, 'labels')]);
  const valuesOf = (name: Name): Json[] => [
    ...new Set(places.map((place) => fieldOf(place, AdmissionName[name])).filter((value) => value !== undefined)),
  ];
  const values = {
    model: valuesOf('model'),
    environment: valuesOf('environment'),
    endpoint: valuesOf('endpoint'),
    image: valuesOf('image'),
    releaseCandidate: valuesOf('releaseCandidate'),
  };
  return { values, pod: template.spec };
}

function isSame(now: Stated, before: Stated | undefined): boolean {
  return before !== undefined && canonicalBytes(now).equals(canonicalBytes(before));
}

function questionOf({ values, pod }: Stated): Admission {
  const twice = NAMES.find((name) => values[name].length > 1);
  if (twice) return refuse(`the object and its pod template give ${AdmissionName[twice]} different values`);
  const model = Sha256Schema.safeParse(values.model[0]);
  if (!model.success) {
    return refuse(
      `annotate the pod with ${AdmissionName.model}: the SHA-256 of the model.tar.gz, 64 lower-case digits`,
    );
  }
  const environment = z.enum(ENVIRONMENTS).safeParse(values.environment[0]);
  if (!environment.success) {
    return refuse(`annotate the pod with ${AdmissionName.environment}: one of ${ENVIRONMENTS.join(', ')}`);
  }
  const endpoint = z.optional(EndpointSchema).safeParse(values.endpoint[0]);
  if (!endpoint.success) return refuse(`${AdmissionName.endpoint} is not the name of an endpoint`);
  const [candidate = 'false'] = values.releaseCandidate;
  if (candidate !== 'true' && candidate !== 'false') {
    return refuse(`${AdmissionName.releaseCandidate} must be "true" or "false"`);
  }
  const image = imageOf(imagesOf(pod), values.image[0]);
  if ('message' in image) return refuse(image.message);
  return {
    kind: 'ask',
    question: {
      model: model.data,
      environment: environment.data,
      endpoint: endpoint.data,
      imageDigest: image.digest,
      releaseCandidate: candidate === 'true',
    },
  };
}

/** The image that serves: the one that is named, or the only one that containers run. */
function imageOf(
  { unpinned, containers }: PodImages,
  named: Json | undefined,
): { readonly digest: string } | { readonly message: string } {
  if (unpinned !== undefined) {
    return { message: `${unpinned} is not pinned: name every image by its digest, as in registry/name@sha256:…` };
  }
  if (named !== undefined) {
    const digest = containers.find((one) => one === named);
    return digest === undefined
      ? { message: `${AdmissionName.image} is the image of none of the containers` }
      : { digest };
  }
  const [only, ...others] = new Set(containers);
  if (only === undefined) return { message: 'the pod has no containers' };
  return others.length === 0
    ? { digest: only }
    : { message: `the containers run several images: say by ${AdmissionName.image} which one serves the model` };
}

function refuse(message: string): Admission {
  return { kind: 'refuse', message };
}
