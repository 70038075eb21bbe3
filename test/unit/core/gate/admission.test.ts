import { describe, expect, it } from 'vitest';
import {
  type Admission,
  AdmissionName,
  type AdmissionRequest,
  AdmissionReviewSchema,
  readAdmission,
} from '../../../../lib/core/gate/admission.ts';
import type { Json, JsonObject } from '../../../../lib/core/json.ts';
import { digestOf } from '../../../support/manifests.ts';

const MODEL = digestOf('model.tar.gz');
const IMAGE = `sha256:${digestOf('serving')}`;
const OTHER_IMAGE = `sha256:${digestOf('proxy')}`;
const ANNOTATIONS = { [AdmissionName.model]: MODEL, [AdmissionName.environment]: 'production' };
const serving = { name: 'serving', image: `registry.example.com/serving@${IMAGE}` };
const proxy = { name: 'proxy', image: `registry.example.com/proxy:1.2@${OTHER_IMAGE}` };

const metadata = (annotations: JsonObject = ANNOTATIONS): JsonObject => ({ name: 'triage', annotations });
const pod = (spec: JsonObject = {}, annotations?: JsonObject): JsonObject => ({
  kind: 'Pod',
  metadata: metadata(annotations),
  spec: { containers: [serving], ...spec },
});
const template = { metadata: metadata(), spec: { containers: [serving] } };

const read = (object: Json | undefined, request: Partial<AdmissionRequest> = {}): Admission =>
  readAdmission({ uid: 'u', operation: 'CREATE', object, ...request });
const QUESTION = {
  model: MODEL,
  environment: 'production',
  endpoint: undefined,
  imageDigest: IMAGE,
  releaseCandidate: false,
};
const asked = { kind: 'ask', question: QUESTION };

describe('what a cluster is about to run', () => {
  it.each<[string, Json]>([
    ['a pod', pod()],
    ['a deployment', { metadata: { name: 'd' }, spec: { replicas: 2, template } }],
    ['a deployment that is annotated itself', { metadata: metadata(), spec: { template: { spec: template.spec } } }],
    ['a cron job', { metadata: {}, spec: { jobTemplate: { spec: { template } } } }],
    ['a pod whose containers run the same image', pod({ containers: [serving, { ...serving, name: 'two' }] })],
    ['a pod that prepares itself with another image', pod({ initContainers: [proxy] })],
    ['a pod whose lists of further containers are null', pod({ initContainers: null, volumes: null })],
    [
      'a pod with its environment in a label',
      {
        ...pod({}, { [AdmissionName.model]: MODEL }),
        metadata: {
          annotations: { [AdmissionName.model]: MODEL },
          labels: { [AdmissionName.environment]: 'production' },
        },
      },
    ],
  ])('is asked about by the model, environment and image of %s', (_, object) => {
    expect(read(object)).toEqual(asked);
  });

  it('is asked about with all that its annotations say', () => {
    const annotations = {
      ...ANNOTATIONS,
      [AdmissionName.image]: OTHER_IMAGE,
      [AdmissionName.endpoint]: 'triage',
      [AdmissionName.releaseCandidate]: 'true',
    };
    expect(read(pod({ containers: [serving, proxy] }, annotations))).toEqual({
      kind: 'ask',
      question: { ...QUESTION, endpoint: 'triage', imageDigest: OTHER_IMAGE, releaseCandidate: true },
    });
  });

  it.each<[string, Json | undefined, RegExp]>([
    ['nothing', undefined, /no pod/],
    ['null', null, /no pod/],
    ['a list', [pod()], /no pod/],
    ['something that runs nothing', { metadata: metadata(), data: {} }, /no pod/],
    ['a template and a pod in one', { ...pod(), spec: { containers: [serving], template } }, /no pod/],
    ['no annotations', { ...pod(), metadata: { name: 'triage' } }, /model-sha256/],
    ['annotations that are a list', { ...pod(), metadata: { annotations: [MODEL] } }, /model-sha256/],
    ['a model by its name', pod({}, { ...ANNOTATIONS, [AdmissionName.model]: 'triage:v4' }), /64 lower-case/],
    ['a model in capitals', pod({}, { ...ANNOTATIONS, [AdmissionName.model]: MODEL.toUpperCase() }), /64 lower/],
    ['a model that is no text', pod({}, { ...ANNOTATIONS, [AdmissionName.model]: [MODEL] }), /64 lower-case/],
    ['no environment', pod({}, { [AdmissionName.model]: MODEL }), /environment: one of experimental/],
    ['an unknown environment', pod({}, { ...ANNOTATIONS, [AdmissionName.environment]: 'prod' }), /one of/],
    [
      'two environments',
      {
        metadata: metadata({ ...ANNOTATIONS, [AdmissionName.environment]: 'experimental' }),
        spec: { template },
      },
      /countersign.dev\/environment different values/,
    ],
    ['an endpoint that cannot be one', pod({}, { ...ANNOTATIONS, [AdmissionName.endpoint]: '../x' }), /endpoint/],
    ['a doubtful candidate', pod({}, { ...ANNOTATIONS, [AdmissionName.releaseCandidate]: 'yes' }), /"true" or "false"/],
    ['no containers', pod({ containers: [] }), /no containers/],
    ['containers that are no list', pod({ containers: { serving } }), /not pinned/],
    ['a container that is no object', pod({ containers: ['serving'] }), /null of containers is not pinned/],
    ['an image by its tag', pod({ containers: [{ image: 'registry.example.com/serving:1' }] }), /not pinned/],
    ['an image with half a digest', pod({ containers: [{ image: 'a@sha256:abc' }] }), /not pinned/],
    ['an image by another digest', pod({ containers: [{ image: `a@sha512:${'0'.repeat(128)}` }] }), /not pinned/],
    ['a digest without an image', pod({ containers: [{ image: `@${IMAGE}` }] }), /not pinned/],
    ['an image with a line more', pod({ containers: [{ image: `a@${IMAGE}\n` }] }), /not pinned/],
    ['a second image by its tag', pod({ containers: [serving, { image: 'proxy:1' }] }), /"proxy:1" of containers/],
    ['a preparing image by its tag', pod({ initContainers: [{ image: 'init:1' }] }), /of initContainers/],
    ['a debugging image by its tag', pod({ ephemeralContainers: [{ image: 'sh:1' }] }), /of ephemeralContainers/],
    ['a volume of an image by its tag', pod({ volumes: [{ image: { reference: 'model:1' } }] }), /of volumes/],
    ['two images', pod({ containers: [serving, proxy] }), /say by countersign.dev\/image-digest/],
    [
      'another image than is named',
      pod({}, { ...ANNOTATIONS, [AdmissionName.image]: OTHER_IMAGE }),
      /the image of none of the containers/,
    ],
    [
      'an image that only prepares as the one that serves',
      pod({ initContainers: [proxy] }, { ...ANNOTATIONS, [AdmissionName.image]: OTHER_IMAGE }),
      /the image of none of the containers/,
    ],
  ])('is refused unasked when it is %s', (_, object, message) => {
    expect(read(object)).toEqual({ kind: 'refuse', message: expect.stringMatching(message) });
  });

  it('is quoted no longer than a line', () => {
    const refused = read(pod({ containers: [{ image: 'x'.repeat(500_000) }] }));
    expect(refused.kind === 'refuse' && refused.message.length).toBeLessThan(400);
  });
});

describe('a removal', () => {
  it('is let through, whatever was running', () => {
    expect(read(undefined, { operation: 'DELETE', oldObject: {} })).toEqual({ kind: 'through' });
  });
});

describe('a change', () => {
  const change = (object: Json, oldObject: Json | undefined): Admission =>
    read(object, { operation: 'UPDATE', oldObject });
  const finalised = { ...pod(), metadata: { ...metadata(), finalizers: [], labels: { team: 'triage' } } };
  const unknown = { metadata: { name: 'old' }, spec: { containers: [{ image: 'old:1' }] } };

  it.each<[string, Json, Json]>([
    ['a finalizer or a label', finalised, pod()],
    ['how many there are', { metadata: {}, spec: { replicas: 9, template } }, { metadata: {}, spec: { template } }],
    ['nothing of a pod that was there before the gate', { ...unknown, status: {} }, unknown],
  ])('that touches %s is let through: nothing enters', (_, object, oldObject) => {
    expect(change(object, oldObject)).toEqual({ kind: 'through' });
  });

  it.each<[string, Json]>([
    ['the model', pod({}, { ...ANNOTATIONS, [AdmissionName.model]: digestOf('before') })],
    ['the environment', pod({}, { ...ANNOTATIONS, [AdmissionName.environment]: 'staging' })],
    ['the image', pod({ containers: [{ ...serving, image: `a@${OTHER_IMAGE}` }] })],
    ['the command', pod({ containers: [{ ...serving, command: ['serve'] }] })],
    ['everything', null],
  ])('of %s is asked about', (_, oldObject) => {
    expect(change(pod(), oldObject)).toEqual(asked);
  });

  it('of what holds no pod is refused, the same or not', () => {
    expect(change({ data: {} }, { data: {} }).kind).toBe('refuse');
  });
});

it('a connection is refused: it shows no pod', () => {
  expect(read(pod(), { operation: 'CONNECT' }).kind).toBe('refuse');
});

describe('an AdmissionReview', () => {
  const review = {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: { uid: 'u', operation: 'CREATE' },
  };
  const accepts = (value: unknown) => AdmissionReviewSchema.safeParse(value).success;

  it('is taken with fields that Kubernetes adds', () => {
    expect(accepts({ ...review, request: { ...review.request, userInfo: {}, namespace: 'n', object: pod() } })).toBe(
      true,
    );
  });

  it.each([
    { ...review, apiVersion: 'admission.k8s.io/v1beta1' },
    { ...review, kind: 'Review' },
    { ...review, request: undefined },
    { ...review, request: { operation: 'CREATE' } },
    { ...review, request: { uid: '', operation: 'CREATE' } },
    { ...review, request: { uid: 'u'.repeat(129), operation: 'CREATE' } },
    { ...review, request: { uid: 'u', operation: 'PATCH' } },
    { ...review, request: { uid: 'u', operation: 'CREATE', dryRun: 'false' } },
    [review],
  ])('is refused as %j', (value) => {
    expect(accepts(value)).toBe(false);
  });
});
