import { AdmissionName, type AdmissionRequest } from '../../../lib/core/gate/admission.ts';
import type { JsonObject } from '../../../lib/core/json.ts';
import { digestOf } from '../../support/manifests.ts';

/** A pod that serves a model, as a cluster shows it to the gate. */
export function aPod(model: string, environment: string, image = `serving@sha256:${digestOf('image')}`): JsonObject {
  const annotations = { [AdmissionName.model]: model, [AdmissionName.environment]: environment };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'triage', annotations },
    spec: { containers: [{ name: 'serving', image }] },
  };
}

export function admissionReview(object: JsonObject | null, request: Partial<AdmissionRequest> = {}): JsonObject {
  return {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: { uid: '705ab4f5-6393-11e8-b7cc-42010a800002', operation: 'CREATE', object, dryRun: false, ...request },
  } as JsonObject;
}
