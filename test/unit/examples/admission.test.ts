import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { ROUTES } from '../../../lib/contracts/routes.ts';
import { readAdmission } from '../../../lib/core/gate/admission.ts';
import type { JsonObject } from '../../../lib/core/json.ts';

const FILE = join(import.meta.dirname, '../../../examples/kubernetes/admission.yaml');
const documents = parseAllDocuments(readFileSync(FILE, 'utf8')).map((document): JsonObject => document.toJS());
const called = (kind: string, name: string): JsonObject => {
  const found = documents.find((one) => one.kind === kind && Object(one.metadata).name === name);
  if (!found) throw new Error(`examples/kubernetes/admission.yaml has no ${kind} ${name}`);
  return found;
};

it('the example of a cluster serves a model that the gate can be asked about', () => {
  const object = called('Deployment', 'triage');
  expect(readAdmission({ uid: 'u', operation: 'CREATE', object })).toMatchObject({
    kind: 'ask',
    question: { environment: 'production', endpoint: 'triage' },
  });
});

it('the example of a cluster calls a route of the API, through a proxy that signs no other, and takes no answer for a no', () => {
  const [webhook] = called('ValidatingWebhookConfiguration', 'countersign').webhooks as readonly JsonObject[];
  const { path } = Object(Object(webhook?.clientConfig).service);
  expect(webhook).toMatchObject({ admissionReviewVersions: ['v1'], failurePolicy: 'Fail' });
  expect(ROUTES.map((route) => `${route.method} /prod${route.path}`)).toContain(`POST ${path}`);
  const proxy = String(Object(called('ConfigMap', 'admission').data)['envoy.yaml']);
  expect([...proxy.matchAll(/match: \{(.*?)\}/g)].map(([, match]) => match?.trim())).toEqual([`path: ${path}`]);
});
