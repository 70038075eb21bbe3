import { GetObjectCommand } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { holds } from '../adapters/dynamodb/holds.ts';
import { dynamoSimulations } from '../adapters/dynamodb/simulations.ts';
import { dynamoUploads } from '../adapters/dynamodb/uploads.ts';
import { s3EvidenceStore } from '../adapters/s3/evidence-store.ts';
import { requirePolicy } from '../app/find-policy.ts';
import { requireWaiver } from '../app/find-waiver.ts';
import { attestationBytes, lineage, listRun, requireEvidence } from '../app/read-evidence.ts';
import { shadowReport } from '../app/read-shadow.ts';
import { requireSimulation } from '../app/simulate/state.ts';
import { Env } from '../contracts/env.ts';
import { SUBMITTABLE } from '../contracts/predicates.ts';
import { BUNDLE_MEDIA_TYPE } from '../core/bundle.ts';
import { DomainError } from '../core/errors.ts';
import type { EvidenceRecord } from '../core/evidence.ts';
import { lookup, objectKey } from '../core/layout.ts';
import { CommitSchema, RunIdSchema } from '../core/manifest.ts';
import { shadowedSince, standingOf } from '../core/policy-standing.ts';
import { InstantSchema, PrincipalNameSchema } from '../core/requests.ts';
import { parseWith } from '../core/schema.ts';
import { inForceAt } from '../core/slots.ts';
import { cursorOf, digestParameter, evidenceSummary, listingAnswer, paging, receiptJson } from './answers.ts';
import { s3, tableConfig, tables } from './composition.ts';
import { required, retention, unsignedStages } from './environment.ts';
import type { Answer, Handle, Request, RouteTable } from './http.ts';
import { incidentReadRoutes } from './incident-routes.ts';
import { promotionReadRoutes } from './promotion-read-routes.ts';
import { releaseRoutes } from './release-routes.ts';
import { simulationJson, standingJson } from './simulation-answers.ts';

/** A link that is followed at once. */
const DOWNLOAD_SECONDS = 300;

/** Every GET. None of them writes anything. */
export function readRoutes(): RouteTable {
  const client = s3();
  const config = tableConfig();
  const { ledger, registry } = tables(config);
  const bucket = required(Env.EVIDENCE_BUCKET);
  const policy = retention();
  const unsigned = unsignedStages();
  const store = s3EvidenceStore({ client, bucket, mode: policy.mode });
  const simulations = dynamoSimulations(config.client, required(Env.WORKFLOW_TABLE));
  const uploads = dynamoUploads(config, () => new Date());
  const { findHold } = holds(config, client, bucket);

  const listing =
    (partition: (request: Request) => string): Handle =>
    async (request) => {
      const { limit, after } = paging(request);
      return listingAnswer(await ledger.list(partition(request), { limit, after }));
    };

  async function artifact(sha256: string): Promise<EvidenceRecord> {
    const record = await ledger.findArtifact(sha256);
    if (record) return record;
    throw new DomainError('NOT_FOUND', `no artifact ${sha256} is stored`);
  }

  return {
    ...promotionReadRoutes(),
    ...releaseRoutes(),
    ...incidentReadRoutes(),
    'GET /v1/evidence/{sha256}': async (request) => {
      const record = await requireEvidence(ledger, digestParameter(request));
      return { status: 200, body: { ...evidenceSummary(record), receipt: receiptJson(record) } };
    },
    'GET /v1/evidence/{sha256}/attestation': async (request) => {
      const { bytes, mediaType } = await attestationBytes(ledger, store, digestParameter(request));
      return { status: 200, body: bytes, contentType: mediaType };
    },
    'GET /v1/evidence/{sha256}/receipt': async (request) => {
      const { receipt } = await requireEvidence(ledger, digestParameter(request));
      if (receipt === undefined)
        throw new DomainError('NOT_FOUND', 'an event is signed by the evidence key itself and has no receipt');
      return { status: 200, body: Buffer.from(receipt, 'utf8'), contentType: BUNDLE_MEDIA_TYPE };
    },
    'GET /v1/artifacts/{sha256}': async (request) => {
      const sha256 = digestParameter(request);
      const record = await ledger.findArtifact(sha256);
      if (record)
        return {
          status: 200,
          body: { status: 'verified', ...evidenceSummary(record), receipt: receiptJson(record) },
        };
      const { upload: name } = request.query;
      if (name === undefined) {
        throw new DomainError('NOT_FOUND', `no artifact ${sha256} is stored`, {
          hint: 'where an upload through staging stands is told by its name: ?upload=NAME',
        });
      }
      const upload = await uploads.findUpload(sha256, name);
      if (!upload)
        throw new DomainError('NOT_FOUND', `the artifact ${sha256} is not stored, and has no upload ${name}`);
      const { copy, ...standing } = upload;
      return { status: 200, body: { status: 'unverified', ...standing, copied_bytes: copy?.bytes ?? 0 } };
    },
    'GET /v1/artifacts/{sha256}/content': async (request) => {
      const { object_key, version_id, media_type } = await artifact(digestParameter(request));
      const command = new GetObjectCommand({
        Bucket: bucket,
        Key: object_key,
        VersionId: version_id,
        ResponseContentType: media_type,
      });
      return {
        status: 303,
        headers: { location: await getSignedUrl(client, command, { expiresIn: DOWNLOAD_SECONDS }) },
      };
    },
    'GET /v1/runs/{run_id}': async (request) => {
      const runId = parseWith(RunIdSchema, request.path.run_id, 'REQUEST_INVALID');
      const { limit, after } = paging(request);
      return listingAnswer(await listRun(ledger, runId, limit, after));
    },
    'GET /v1/models/{sha256}': listing((request) => lookup.digest(digestParameter(request))),
    'GET /v1/models/{sha256}/decisions': listing((request) => lookup.decisions(digestParameter(request))),
    'GET /v1/datasets/{sha256}': listing((request) => lookup.digest(digestParameter(request))),
    'GET /v1/commits/{commit_sha}': listing((request) =>
      lookup.commit(parseWith(CommitSchema, request.path.commit_sha, 'REQUEST_INVALID')),
    ),
    'GET /v1/principals/{name}/evidence': listing((request) =>
      lookup.principalDay(parseWith(PrincipalNameSchema, request.path.name, 'REQUEST_INVALID'), day(request)),
    ),
    'GET /v1/models/{sha256}/lineage': async (request) => ({
      status: 200,
      body: await lineage(ledger, digestParameter(request), direction(request)),
    }),
    'GET /v1/principals/{name}': async (request) => {
      const name = parseWith(PrincipalNameSchema, request.path.name, 'REQUEST_INVALID');
      const principal = await registry.principalByName(name);
      if (!principal) throw new DomainError('NOT_FOUND', `no principal ${JSON.stringify(name)} is registered`);
      return { status: 200, body: principal };
    },
    'GET /v1/keys/{keyid}': async (request) => {
      const keyid = digestParameter(request, 'keyid');
      const key = await registry.keyAt(keyid, instant(request.query.at));
      if (!key) throw new DomainError('NOT_FOUND', `no key ${keyid} was registered at that time`);
      return { status: 200, body: key };
    },
    'GET /v1/waivers': async (request) => {
      const { waivers, next } = await registry.waiverPage(paging(request));
      return { status: 200, body: { waivers, next: cursorOf(next) } };
    },
    'GET /v1/waivers/{id}': async (request) => ({
      status: 200,
      body: await requireWaiver(registry, digestParameter(request, 'id')),
    }),
    'GET /v1/policies': async () => {
      const { main, enforced, shadows } = inForceAt(await registry.activations(), new Date());
      const [policies, history] = await Promise.all([registry.policies(), registry.activationHistory()]);
      const standing = policies.map((one) => ({ ...one, standing: standingOf(one, history, new Date()) }));
      return { status: 200, body: { active: main ?? null, beside: [...enforced, ...shadows], policies: standing } };
    },
    'GET /v1/policies/activations': async () => ({
      status: 200,
      body: { activations: (await registry.activationHistory()).toReversed() },
    }),
    'GET /v1/policies/{sha256}': async (request) => {
      const policy = await requirePolicy(registry, digestParameter(request));
      return {
        status: 200,
        body: { ...policy, standing: standingOf(policy, await registry.activationHistory(), new Date()) },
      };
    },
    'GET /v1/policies/{sha256}/shadow': async (request) => {
      const { sha256 } = await requirePolicy(registry, digestParameter(request));
      const since = shadowedSince(sha256, await registry.activationHistory());
      const { next, ...report } = await shadowReport(ledger, sha256, paging(request).after ?? since);
      return { status: 200, body: { since: since ?? null, ...report, next: cursorOf(next) } };
    },
    'GET /v1/policies/{sha256}/bundle': async (request) => {
      const { sha256, version_id } = await requirePolicy(registry, digestParameter(request));
      const object = await store.read(objectKey.policy(sha256), version_id);
      if (!object) throw new DomainError('INTEGRITY_FAILURE', `the stored policy ${sha256} is gone`);
      return { status: 200, body: object.bytes, contentType: 'application/gzip' };
    },
    'GET /v1/policies/{sha256}/simulations': async (request) => {
      const known = await simulations.ofPolicy(digestParameter(request));
      return { status: 200, body: { simulations: known.map(simulationJson) } };
    },
    'GET /v1/simulations/{id}': async (request) => ({
      status: 200,
      body: standingJson(await requireSimulation(simulations, digestParameter(request, 'id'))),
    }),
    'GET /v1/simulations/{id}/report': async (request) => {
      const { simulation } = await requireSimulation(simulations, digestParameter(request, 'id'));
      if (simulation.report === null) {
        throw new DomainError('NOT_FOUND', `the simulation is ${simulation.state}, so it has no report`);
      }
      const object = await store.read(objectKey.simulationReport(simulation.report));
      if (!object) throw new DomainError('INTEGRITY_FAILURE', `the stored report ${simulation.report} is gone`);
      return { status: 200, body: object.bytes };
    },
    'GET /v1/gates/inputs/{sha256}': async (request) => {
      const sha256 = digestParameter(request);
      const command = new GetObjectCommand({ Bucket: bucket, Key: objectKey.gateInput(sha256) });
      return {
        status: 303,
        headers: { location: await getSignedUrl(client, command, { expiresIn: DOWNLOAD_SECONDS }) },
      };
    },
    'GET /v1/holds/{sha256}': async (request) => {
      const hold = await findHold(digestParameter(request));
      if (!hold) throw new DomainError('HOLD_NOT_FOUND', 'this evidence was never on hold');
      return { status: 200, body: hold };
    },
    'GET /v1/status': async ({ caller }): Promise<Answer> => {
      const { principal, evidenceKey } = await registry.context(caller.uniqueId);
      return {
        status: 200,
        body: {
          stage: required(Env.STAGE),
          caller: { arn: caller.arn, unique_id: caller.uniqueId, principal: principal ?? null },
          evidence_key: evidenceKey ?? null,
          evidence_keys: await registry.evidenceKeys(),
          retention: policy,
          unsigned_stages: [...unsigned],
          accepted_predicates: SUBMITTABLE,
        },
      };
    },
  };
}

function direction(request: Request): 'up' | 'down' {
  const { direction: value = 'up' } = request.query;
  if (value === 'up' || value === 'down') return value;
  throw new DomainError(
    'REQUEST_INVALID',
    'direction must be up (what it was made from) or down (what was made from it)',
  );
}

function day(request: Request): string {
  const value = request.query.day ?? new Date().toISOString().slice(0, 10);
  if (/^\d{4}-\d{2}-\d{2}$/.test(value)) return value;
  throw new DomainError('REQUEST_INVALID', 'day must be a UTC date such as 2026-02-21');
}

function instant(text: string | undefined): Date {
  return text === undefined ? new Date() : new Date(parseWith(InstantSchema, text, 'REQUEST_INVALID'));
}
