import type { EndpointMarks, HostedConfig, HostedEndpoint, HostedModel } from '../../core/deployment.ts';

/** How a new fleet takes over from the one that serves. */
export interface Takeover {
  /** Traffic goes over in two steps of which this is the first; null: all at once. */
  readonly canary_percent: number | null;
  /** Seconds that the new fleet is watched for after each step, while the old one still stands. */
  readonly bake_seconds: number;
  /** Names of the alarms that take it back meanwhile. */
  readonly alarms: readonly string[];
  /** Seconds after which it is taken back because it takes too long. */
  readonly limit_seconds: number;
}

/**
 * Where models serve. Nothing here waits: what is told goes on by itself. What the service refuses for good is thrown as
 * {@link HostingRefusal}; what is not known to have been done, as DEPENDENCY_UNAVAILABLE.
 */
export interface Hosting {
  /** Whether there are instances of a type, as far as is known without asking. */
  offers(instanceType: string): boolean;
  endpoint(name: string): Promise<HostedEndpoint | undefined>;
  marks(arn: string): Promise<EndpointMarks>;
  /**
   * @param sha256 - of the model's bytes, for whoever looks at it without us
   * @returns false, having made nothing, when there is a model of that name
   */
  createModel(name: string, model: HostedModel, sha256: string): Promise<boolean>;
  model(name: string): Promise<HostedModel | undefined>;
  /** @returns false, having made nothing, when there is a configuration of that name */
  createConfig(name: string, config: HostedConfig, promotion: string): Promise<boolean>;
  config(name: string): Promise<HostedConfig | undefined>;
  /**
   * Makes an endpoint, marked as ours and as that environment's.
   * @returns false, having made nothing, when there is an endpoint of that name
   */
  create(endpoint: string, config: string, environment: string): Promise<boolean>;
  /**
   * Without a takeover: all at once, whatever any alarm says.
   * @returns false, having changed nothing, while the endpoint is on its way to something already
   */
  update(endpoint: string, config: string, takeover: Takeover | null): Promise<boolean>;
  remove(endpoint: string): Promise<void>;
}

/** SageMaker does not do what it was told; nothing was changed. */
export class HostingRefusal extends Error {
  override readonly name = 'HostingRefusal';
}

export interface DeploymentAlarms {
  /** Alarms of these names by whether they ring; those that there are none of are left out. */
  ringing(names: readonly string[]): Promise<ReadonlyMap<string, boolean>>;
  /** Name of our own alarm of an endpoint, which rings only when it is told to. */
  nameOf(endpoint: string): string;
  /** Makes our alarm; one that is there stays what we make. */
  ensure(endpoint: string): Promise<void>;
  /** Lets our alarm ring for a minute and a half. */
  ring(endpoint: string): Promise<void>;
  /**
   * Ends the ringing for a deployment that is over. For as long as what it rang for is not as old, it may ring again; a new fleet takes
   * longer than that to start, and alarms count only once it has.
   */
  silence(endpoint: string): Promise<void>;
}
