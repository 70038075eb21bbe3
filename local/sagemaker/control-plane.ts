import {
  advance,
  alarmsToRead,
  configNameOf,
  createEndpoint,
  deleteEndpoint,
  type Endpoint,
  type Rollout,
  updateEndpoint,
} from './endpoint.ts';
import { invalid } from './errors.ts';
import { type DeploymentFault, DeploymentFaults, flawsOf, imageOf, type Tampering } from './faults.ts';
import { fleetOf, withImage } from './fleet.ts';
import { page } from './listing.ts';
import { dataObjectsOf, requireContainers, withData } from './models.ts';
import { ModelRegistry } from './registry.ts';
import type {
  CreateEndpoint,
  CreateEndpointConfig,
  CreateModel,
  DeploymentConfig,
  ListQuery,
  Tag,
  UpdateEndpoint,
} from './requests.ts';
import { Resources } from './resources.ts';
import { ServiceTime } from './time.ts';
import { type Created, describeEndpoint, describeEndpointConfig, describeModel, summariseEndpoint } from './views.ts';

/** How often endpoints are looked after between two calls. */
const TICK_MS = 200;

export interface SageMakerOptions {
  readonly region: string;
  readonly accountId: string;
  /** Milliseconds since the epoch. */
  readonly realNow: () => number;
  /** States of the CloudWatch alarms of these names; those that there are none of are left out. */
  readonly alarmStates: (names: readonly string[]) => Promise<ReadonlyMap<string, string>>;
  readonly objectExists: (bucket: string, key: string) => Promise<boolean>;
}

/**
 * SageMaker's control plane for hosted models, as far as promotions need it. Nothing is served: there is no runtime API.
 *
 * Where it differs from AWS, or decides what AWS does not say:
 * - Launching, shifting and terminating take fixed times (`SECONDS`), and all time runs faster when it is told to.
 * - There are no instance limits: throttling and ResourceLimitExceeded are ordinary faults of the front door.
 * - Roles are not looked at: neither `iam:PassRole`, nor whether the execution role may read the model data and the alarms.
 * - Images are not looked up in a registry: a tag stands for one made-up digest, always the same.
 * - Refused rather than half done: rolling deployments, RetainAllVariantProperties, serverless and shadow variants, instance
 *   pools, model packages within models. ListEndpointConfigs, DeleteTags and UpdateEndpointWeightsAndCapacities are unknown operations.
 * - Messages that clients search for ("Could not find …", "Cannot update in-progress endpoint …", the failed ping) are
 *   AWS's; the others are ours.
 * - Alarms are read while a new fleet bakes, every 200 ms of real time and at each call. One that does not exist is refused
 *   at once. The last bake is as long as TerminationWaitInSeconds.
 * - A rollback is seen as RollingBack, then InService with the old configuration and a FailureReason until the next update.
 * - No events go to EventBridge.
 */
export class SageMaker {
  readonly faults = new DeploymentFaults();
  readonly registry: ModelRegistry;
  readonly #options: SageMakerOptions;
  readonly #time: ServiceTime;
  readonly #models: Resources<Created<CreateModel>>;
  readonly #configs: Resources<Created<CreateEndpointConfig>>;
  readonly #endpoints: Resources<Endpoint>;
  /** By ARN, of everything that there is. */
  readonly #tags = new Map<string, readonly Tag[]>();
  readonly #ticking: NodeJS.Timeout;
  #caughtUp: Promise<void> = Promise.resolve();

  constructor(options: SageMakerOptions) {
    this.#options = options;
    this.#time = new ServiceTime(options.realNow);
    this.#models = new Resources({ noun: 'model', path: 'model' }, options);
    this.#configs = new Resources({ noun: 'endpoint configuration', path: 'endpoint-config' }, options);
    this.#endpoints = new Resources({ noun: 'endpoint', path: 'endpoint' }, options);
    this.registry = new ModelRegistry({ ...options, now: () => this.#instant(this.#time.now()) });
    // That the alarms cannot be read is told to the next caller, who meets it too.
    this.#ticking = setInterval(() => void this.catchUp().catch(() => {}), TICK_MS).unref();
  }

  close(): void {
    clearInterval(this.#ticking);
  }

  /** From now on, so many of the service's seconds pass in a real one. */
  setSpeed(speed: number): void {
    this.#time.setSpeed(speed);
  }

  /** So many of the service's seconds pass at once. */
  passTime(seconds: number): void {
    this.#time.pass(seconds);
  }

  /** @throws Error if what is to be changed does not exist or runs nothing. */
  tamper(tampering: Tampering): void {
    if ('endpoint' in tampering) {
      const { endpoint, image } = tampering;
      this.#endpoints.set(endpoint, withImage(this.#endpoints.get(endpoint), image));
    } else {
      const { model, modelDataUrl } = tampering;
      const { request, createdAt } = this.#models.get(model);
      this.#models.set(model, { request: withData(request, modelDataUrl), createdAt });
    }
  }

  /**
   * Brings every endpoint up to now.
   *
   * @throws what kept the alarms from being read: then nothing has moved, for nothing may finish unwatched.
   */
  catchUp(): Promise<void> {
    // One after the other: two readings of the alarms must not overtake each other.
    this.#caughtUp = this.#caughtUp.catch(() => {}).then(() => this.#advance());
    return this.#caughtUp;
  }

  async #advance(): Promise<void> {
    // The alarms are read after this instant: one that tripped before the end of a bake is never read too early.
    const now = this.#time.now();
    const watched = this.#endpoints.all().flatMap((endpoint) => alarmsToRead(endpoint, now));
    const inAlarm = new Set<string>();
    if (watched.length > 0) {
      const states = await this.#options.alarmStates([...new Set(watched)]);
      for (const [name, state] of states) if (state === 'ALARM') inAlarm.add(name);
    }
    for (const endpoint of this.#endpoints.all()) {
      const next = advance(endpoint, now, inAlarm);
      if (next === undefined) this.#remove(this.#endpoints, endpoint.name);
      else this.#endpoints.set(endpoint.name, next);
    }
  }

  async createModel(request: CreateModel) {
    requireContainers(request);
    for (const { bucket, key } of dataObjectsOf(request)) {
      if (await this.#options.objectExists(bucket, key)) continue;
      throw invalid(`Could not find model data at s3://${bucket}/${key}.`);
    }
    this.#add(this.#models, request.ModelName, { request, createdAt: this.#time.now() }, request.Tags);
    return { ModelArn: this.#models.arn(request.ModelName) };
  }

  describeModel(name: string) {
    return describeModel(this.#models.arn(name), this.#models.get(name), this.#instant);
  }

  deleteModel(name: string): void {
    this.#remove(this.#models, name);
  }

  listModels(query: ListQuery) {
    const all = this.#models.all().map(({ request, createdAt }) => {
      const created = this.#instant(createdAt);
      return { name: request.ModelName, created, modified: created, status: '' };
    });
    const { items, ...rest } = page(all, query);
    const Models = items.map(({ name, created }) => {
      return { ModelName: name, ModelArn: this.#models.arn(name), CreationTime: created };
    });
    return { Models, ...rest };
  }

  createEndpointConfig(request: CreateEndpointConfig) {
    const name = request.EndpointConfigName;
    if ('ShadowProductionVariants' in request) throw unsupported('ShadowProductionVariants');
    for (const { ModelName } of request.ProductionVariants) this.#models.get(ModelName);
    this.#add(this.#configs, name, { request, createdAt: this.#time.now() }, request.Tags);
    return { EndpointConfigArn: this.#configs.arn(name) };
  }

  describeEndpointConfig(name: string) {
    return describeEndpointConfig(this.#configs.arn(name), this.#configs.get(name), this.#instant);
  }

  /** Endpoints that run the configuration keep running; AWS does not prevent it either. */
  deleteEndpointConfig(name: string): void {
    this.#remove(this.#configs, name);
  }

  async createEndpoint(request: CreateEndpoint) {
    const { EndpointName: name, DeploymentConfig: config } = request;
    await this.#requireUsable(config);
    const { rollout, faults } = this.#rollout(name, request.EndpointConfigName, config);
    this.#add(this.#endpoints, name, createEndpoint(name, rollout), request.Tags);
    this.faults.spend(faults);
    return { EndpointArn: this.#endpoints.arn(name) };
  }

  async updateEndpoint(request: UpdateEndpoint) {
    const { EndpointName: name, RetainDeploymentConfig = false, RetainAllVariantProperties = false } = request;
    if (RetainAllVariantProperties) throw unsupported('RetainAllVariantProperties');
    const config = RetainDeploymentConfig ? this.#endpoints.get(name).lastDeploymentConfig : request.DeploymentConfig;
    await this.#requireUsable(config);
    const endpoint = this.#endpoints.get(name);
    // AWS asks for the old configuration too: https://github.com/hashicorp/terraform-provider-aws/issues/40048
    this.#configs.get(configNameOf(endpoint));
    const { rollout, faults } = this.#rollout(name, request.EndpointConfigName, config);
    this.#endpoints.set(name, updateEndpoint(endpoint, this.#endpoints.arn(name), rollout));
    this.faults.spend(faults);
    return { EndpointArn: this.#endpoints.arn(name) };
  }

  describeEndpoint(name: string) {
    return describeEndpoint(this.#endpoints.arn(name), this.#endpoints.get(name), this.#instant);
  }

  listEndpoints(query: ListQuery) {
    const all = this.#endpoints.all().map((endpoint) => {
      const { name, status } = endpoint;
      const summary = summariseEndpoint(this.#endpoints.arn(name), endpoint, this.#instant);
      return { name, status, created: summary.CreationTime, modified: summary.LastModifiedTime, summary };
    });
    const { items, ...rest } = page(all, query);
    return { Endpoints: items.map(({ summary }) => summary), ...rest };
  }

  deleteEndpoint(name: string): void {
    const endpoint = this.#endpoints.get(name);
    this.#endpoints.set(name, deleteEndpoint(endpoint, this.#endpoints.arn(name), this.#time.now()));
  }

  /** Adds the tags; one of a key that is there already takes its place. */
  addTags(arn: string, added: readonly Tag[]) {
    const tags = new Map([...this.listTags(arn).Tags, ...added].map(({ Key, Value }) => [Key, Value]));
    if (tags.size > 50) throw invalid(`A resource cannot have more than 50 tags: "${arn}".`);
    const Tags = [...tags].map(([Key, Value]) => ({ Key, Value }));
    this.#tags.set(arn, Tags);
    return { Tags };
  }

  listTags(arn: string) {
    const Tags = this.#tags.get(arn);
    if (Tags === undefined) throw invalid(`Could not find resource "${arn}".`);
    return { Tags };
  }

  #add<T>(kind: Resources<T>, name: string, resource: T, tags: readonly Tag[] = []): void {
    kind.requireNew(name);
    kind.set(name, resource);
    this.#tags.set(kind.arn(name), tags);
  }

  #remove<T>(kind: Resources<T>, name: string): void {
    kind.get(name);
    kind.delete(name);
    this.#tags.delete(kind.arn(name));
  }

  #rollout(
    endpoint: string,
    configName: string,
    config: DeploymentConfig | undefined,
  ): { readonly rollout: Rollout; readonly faults: readonly DeploymentFault[] } {
    const now = this.#time.now();
    const faults = this.faults.of(endpoint);
    const modelOf = (name: string) => this.#models.get(name).request;
    const fleet = fleetOf(this.#configs.get(configName).request, modelOf, { image: imageOf(faults), now });
    return { rollout: { fleet, config, flaws: flawsOf(faults), now }, faults };
  }

  async #requireUsable(config: DeploymentConfig | undefined): Promise<void> {
    if (config?.RollingUpdatePolicy !== undefined) throw unsupported('RollingUpdatePolicy');
    const names = config?.AutoRollbackConfiguration?.Alarms?.map(({ AlarmName }) => AlarmName) ?? [];
    if (names.length === 0) return;
    const states = await this.#options.alarmStates(names);
    const missing = names.filter((name) => !states.has(name));
    if (missing.length > 0) throw invalid(`Could not find alarm(s) [${missing.join(', ')}].`);
  }

  /** An instant of the service in the caller's time, in seconds since the epoch as JSON 1.1 has it. */
  readonly #instant = (service: number): number => Math.round(this.#time.toReal(service)) / 1000;
}

function unsupported(member: string) {
  return invalid(`The local SageMaker does not support ${member}.`);
}
