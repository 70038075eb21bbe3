import { z } from 'zod/mini';
import type { Flaw } from './endpoint.ts';

const endpoint = z.exactOptional(z.string());
const image = z.string().check(z.regex(/^\S+@sha256:[0-9a-f]{64}$/));

/** Meets one deployment, the next one: of this endpoint, or of any. */
export const deploymentFault = z.discriminatedUnion('kind', [
  /** The new fleet never passes its health check: a creation fails, an update is rolled back. */
  z.strictObject({ kind: z.literal('unhealthy'), endpoint }),
  /** The new fleet is never ready: a creation fails after a day, an update is rolled back at its time limit. */
  z.strictObject({ kind: z.literal('hangs'), endpoint }),
  /** If the update is rolled back, that fails too. */
  z.strictObject({ kind: z.literal('rollback-fails'), endpoint }),
  /** The new fleet runs this image, whatever its models name. */
  z.strictObject({ kind: z.literal('serves'), endpoint, image }),
]);
export type DeploymentFault = z.infer<typeof deploymentFault>;

/** What a hand inside the account would change at once, without a deployment. */
export const tampering = z.union([
  /** The newest fleet of the endpoint runs this image from now on. */
  z.strictObject({ endpoint: z.string(), image }),
  /** The model, which the API cannot change, names other data from now on. */
  z.strictObject({ model: z.string(), modelDataUrl: z.string() }),
]);
export type Tampering = z.infer<typeof tampering>;

/** The faults that wait for a deployment. */
export class DeploymentFaults {
  #armed: readonly DeploymentFault[] = [];

  arm(fault: DeploymentFault): void {
    this.#armed = [...this.#armed, fault];
  }

  clear(): void {
    this.#armed = [];
  }

  /** Faults that no deployment has met yet. A test that ends with one armed has not tested what it meant to. */
  get armed(): readonly DeploymentFault[] {
    return this.#armed;
  }

  /** What the next deployment of the endpoint meets: the first fault of each kind. */
  of(endpointName: string): readonly DeploymentFault[] {
    const name = endpointName.toLowerCase();
    const meant = this.#armed.filter((fault) => (fault.endpoint?.toLowerCase() ?? name) === name);
    return meant.filter((fault, at) => meant.findIndex(({ kind }) => kind === fault.kind) === at);
  }

  /** A deployment has met these. */
  spend(faults: readonly DeploymentFault[]): void {
    this.#armed = this.#armed.filter((fault) => !faults.includes(fault));
  }
}

export function flawsOf(faults: readonly DeploymentFault[]): readonly Flaw[] {
  return faults.flatMap(({ kind }) => (kind === 'serves' ? [] : [kind]));
}

/** The image that a deployment is told to run. */
export function imageOf(faults: readonly DeploymentFault[]): string | undefined {
  return faults.find((fault) => fault.kind === 'serves')?.image;
}
