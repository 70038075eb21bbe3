import { isJsonObject, type Json, type JsonObject } from '../json.ts';

/** A pod as Kubernetes is asked to run it, or the template that pods are made from. */
export interface PodTemplate {
  readonly metadata: Json | undefined;
  readonly spec: JsonObject;
}

export interface PodImages {
  /** The first thing that is not named by its digest, as it is shown; undefined when everything is. */
  readonly unpinned: string | undefined;
  /** `sha256:<hex>` of what the containers run, in their order; not of what only prepares them. */
  readonly containers: readonly string[];
}

/** Where the template lies: in a CronJob, in everything else that makes pods; a Pod is its own. */
const TEMPLATES = [['spec', 'jobTemplate', 'spec', 'template'], ['spec', 'template'], []] as const;

/** Lists of containers in a pod's spec (Kubernetes API, PodSpec v1). */
const CONTAINERS = ['containers', 'initContainers', 'ephemeralContainers'] as const;

const PINNED = /^[^\s@]{1,512}@(sha256:[0-9a-f]{64})$/;
const QUOTED = 200;

/** Undefined for what makes no pods, and for what holds containers in two places: one of them would be overlooked. */
export function podTemplateOf(object: Json | undefined): PodTemplate | undefined {
  const found = TEMPLATES.flatMap((path): PodTemplate[] => {
    const template = path.reduce<Json | undefined>(fieldOf, object);
    const spec = fieldOf(template, 'spec');
    const holdsPod = isJsonObject(spec) && fieldOf(spec, 'containers') !== undefined;
    return holdsPod ? [{ metadata: fieldOf(template, 'metadata'), spec }] : [];
  });
  return found.length === 1 ? found[0] : undefined;
}

/** Every image that would be pulled for a pod: of its containers of each kind, and of its image volumes. */
export function imagesOf(pod: JsonObject): PodImages {
  const all = [
    ...CONTAINERS.flatMap((kind) => listed(pod, kind).map((one) => ({ kind, image: fieldOf(one, 'image') }))),
    ...listed(pod, 'volumes')
      .map((volume) => fieldOf(volume, 'image'))
      .filter((image) => image !== undefined)
      .map((image) => ({ kind: 'volumes' as const, image: fieldOf(image, 'reference') })),
  ];
  const containers: string[] = [];
  for (const { kind, image } of all) {
    const digest = typeof image === 'string' ? PINNED.exec(image)?.[1] : undefined;
    if (digest === undefined) {
      return { unpinned: `the image ${JSON.stringify(image ?? null).slice(0, QUOTED)} of ${kind}`, containers };
    }
    if (kind === 'containers') containers.push(digest);
  }
  return { unpinned: undefined, containers };
}

/** What is there and is no list holds something that would be overlooked, so it counts as one thing that is not pinned. */
function listed(pod: JsonObject, kind: string): readonly Json[] {
  const list = fieldOf(pod, kind);
  if (list === undefined || list === null) return [];
  return isList(list) ? list : [list];
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

/** The field of an object; undefined where there is none, or no object. */
export function fieldOf(value: Json | undefined, name: string): Json | undefined {
  return isJsonObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}
