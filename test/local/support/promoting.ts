import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { CloudWatchClient, PutMetricAlarmCommand } from '@aws-sdk/client-cloudwatch';
import { Predicate } from '../../../lib/contracts/predicates.ts';
import { sha256Hex } from '../../../lib/core/digest.ts';
import { isOver, type Promotion, PromotionSchema } from '../../../lib/core/promotion.ts';
import { STATEMENT_TYPE } from '../../../lib/core/statement.ts';
import { Approver, type Asked } from '../../../local/approver.ts';
import { LocalControl } from '../../../local/control.ts';
import type { DemoName, LocalDescription } from '../../../local/description.ts';
import { newKey } from '../../support/keys.ts';
import { aManifest, digestOf, signedBundle, signedStatement } from '../../support/manifests.ts';
import { api } from './api.ts';
import { clientConfig } from './clients.ts';
import { callApi, enrolKey } from './enrol.ts';
import { activatePolicy, committedPolicy, enrolPolicyTester } from './policies.ts';

/** Roles whose approvals are asked for, each held by one person who has a mailbox. */
export const ROLES = ['model-owner', 'privacy-officer'] as const;
export type ApproverRole = (typeof ROLES)[number];

const CONSENT = 'DATASET_CONSENT';

/** SageMaker's seconds in a real one: what a test needs not watch is soon over. */
export const SPEED = 500;

/** Takes canaries back; it rings when a test says so. */
export const ALARM = 'serving-errors';

export interface PromotionWishes {
  readonly model?: string;
  readonly breakGlass?: boolean;
  /** In seconds of the local SageMaker; those of a first deployment are as long as everybody's. @default 2 */
  readonly bakeSeconds?: number;
  /** @default - a new one */
  readonly request?: string;
}

/** Promotions through the whole local stack: the committed policy, which asks for approvals in experimental too. */
export class Promoting {
  readonly control: LocalControl;
  readonly #local: LocalDescription;
  readonly #producer = newKey();
  readonly #officer = newKey();
  readonly #approvers: Readonly<Record<ApproverRole, Approver>>;
  /** Links that approvers were mailed before. */
  readonly #seen = new Set<string>();

  constructor(local: LocalDescription) {
    this.#local = local;
    this.control = new LocalControl(local.control);
    const approver = (role: ApproverRole) => new Approver(local, `${role}@example.com`);
    this.#approvers = { 'model-owner': approver('model-owner'), 'privacy-officer': approver('privacy-officer') };
  }

  /** Once for all tests of a file. @param wantedBy - no other file has the same */
  async prepare(wantedBy: string): Promise<void> {
    const local = this.#local;
    await this.control.speedUpSageMaker(SPEED);
    const cloudWatch = new CloudWatchClient(clientConfig(local, 'administrator'));
    const rings = { EvaluationPeriods: 1, ComparisonOperator: 'GreaterThanThreshold', Threshold: 1 } as const;
    const metric = { Namespace: 'Serving', MetricName: 'Errors', Period: 60, Statistic: 'Sum' } as const;
    await cloudWatch.send(
      new PutMetricAlarmCommand({ AlarmName: ALARM, ...rings, ...metric, TreatMissingData: 'notBreaching' }),
    );
    cloudWatch.destroy();
    const training = { role: 'producer', stages: ['ingest', 'training'], predicate_types: [Predicate.manifest] };
    await enrolKey(local, 'training-pipeline', training, this.#producer.privateKey);
    const consent = {
      role: 'privacy-officer',
      predicate_types: [Predicate.scai],
      scai_attributes: [CONSENT],
    };
    await enrolKey(local, 'privacy-officer', consent, this.#officer.privateKey);
    for (const name of ['promoter', 'break-glass-promoter', 'break-glass-confirmer'] as const) {
      const { uniqueId, roleArn } = local.identities[name];
      await callApi(local, 'key-admin', 'POST', '/v1/principals', { name, unique_id: uniqueId, arn: roleArn });
    }
    for (const role of ROLES) {
      const person = { id: `person-${role}`, name: role, email: `${role}@example.com`, roles: [role] };
      await this.take('people-admin', 'POST', '/v1/approvers', person);
    }
    const policy = await committedPolicy(wantedBy, askingForApprovals);
    await activatePolicy(local, await enrolPolicyTester(local), policy);
  }

  async take(as: DemoName, method: string, path: string, body?: object) {
    const answer = await api(this.#local, as, method, path, body === undefined ? {} : { body });
    if (answer.status >= 400) throw new Error(`${method} ${path} answered ${answer.status}: ${answer.bytes}`);
    return answer.json;
  }

  /** A stored model that verified manifests lead to. @returns its digest, and that of the data that it was made of */
  async aModel(): Promise<{ readonly model: string; readonly dataset: string }> {
    const name = randomUUID();
    const bytes = Buffer.from(`model ${name}`);
    const sha256 = sha256Hex(bytes);
    const dataset = { id: 'data', sha256: digestOf(`data of ${name}`) };
    for (const stage of [{ stage: 'ingest', model: undefined }, { model: { id: 'model', sha256 } }]) {
      const manifest = aManifest({ run_id: `run-${name}`, timestamp: new Date().toISOString(), dataset, ...stage });
      const signed: unknown = JSON.parse(signedBundle(manifest, this.#producer).toString('utf8'));
      await this.take('training-pipeline', 'POST', '/v1/manifests', Object(signed));
    }
    const artifact = { sha256, size: bytes.length, media_type: 'application/gzip', environment: 'experimental' };
    const { put } = await this.take('training-pipeline', 'POST', '/v1/artifacts', artifact);
    const { url, headers } = Object(put);
    await fetch(url, { method: 'PUT', headers, body: bytes });
    await this.take('training-pipeline', 'POST', '/v1/artifacts', artifact);
    return { model: sha256, dataset: dataset.sha256 };
  }

  /** The privacy officer signs that data may be used, or that it may not any more. @returns the evidence */
  async consent(dataset: string, granted: boolean): Promise<string> {
    const statement = {
      _type: STATEMENT_TYPE,
      subject: [{ name: 'data', digest: { sha256: dataset } }],
      predicateType: Predicate.scai,
      predicate: { attributes: [{ attribute: CONSENT, conditions: { granted } }] },
    };
    const signed: unknown = JSON.parse(signedStatement(statement, this.#officer).toString('utf8'));
    const { evidence } = await this.take('privacy-officer', 'POST', '/v1/attestations', Object(signed));
    return String(evidence);
  }

  /** Asks for a promotion, of a new model unless one is named. @returns its id */
  async promote(
    endpoint: string,
    { model, breakGlass = false, bakeSeconds = 2, request }: PromotionWishes = {},
  ): Promise<string> {
    const as = breakGlass ? 'break-glass-promoter' : 'promoter';
    const { id } = await this.take(as, 'POST', `/v1/promotions${breakGlass ? '/break-glass' : ''}`, {
      model: model ?? (await this.aModel()).model,
      endpoint,
      environment: 'experimental',
      image: `registry.example/serving@sha256:${digestOf('serving image')}`,
      request: request ?? randomUUID(),
      reason: 'the test',
      canary_percent: 50,
      bake_seconds: bakeSeconds,
      alarms: [ALARM],
    });
    return String(id);
  }

  async read(id: string): Promise<Promotion> {
    return PromotionSchema.parse(await this.take('reader', 'GET', `/v1/promotions/${id}`));
  }

  /** The promotion once it is as is wanted. @throws when it ends otherwise */
  async until(id: string, is: (promotion: Promotion) => boolean): Promise<Promotion> {
    for (;;) {
      const promotion = await this.read(id);
      if (is(promotion)) return promotion;
      if (isOver(promotion)) throw new Error(`it is ${promotion.state}: ${JSON.stringify(promotion.failure)}`);
      await delay(200);
    }
  }

  /** The next mail about a promotion, with a link, to whoever holds the role. */
  async asked(role: ApproverRole, id: string): Promise<Asked> {
    const asked = await this.#approvers[role].asked(id, this.#seen);
    this.#seen.add(asked.link);
    return asked;
  }

  /** Decides by the next such mail. */
  async decide(role: ApproverRole, id: string, choice: 'approve' | 'reject', comment?: string): Promise<Asked> {
    const asked = await this.asked(role, id);
    await this.#approvers[role].decide(asked.link, choice, comment);
    return asked;
  }
}

function askingForApprovals(text: string): string {
  const data = JSON.parse(text);
  data.countersign.catalog.required_approvals.environments.push('experimental');
  data.countersign.config.approvals.required_roles.experimental = ROLES;
  return JSON.stringify(data);
}
