import { setTimeout as delay } from 'node:timers/promises';
import type { Simulation } from '../../../lib/core/simulation.ts';
import type { LocalDescription } from '../../../local/description.ts';
import { DAY } from '../../support/clock.ts';
import { callApi } from './enrol.ts';

/** A simulation as the API shows it. */
export type Shown = Omit<Simulation, 'report' | 'revision'> & {
  readonly report: { readonly sha256: string; readonly path: string } | null;
  readonly progress: { readonly done: number; readonly chunks: number | null };
};

export interface Asked {
  readonly from?: string;
  readonly to?: string;
  readonly environment?: string;
}

/** Far enough back to be a step of a policy's life. */
const from = (): string => new Date(Date.now() - 31 * DAY).toISOString();

export async function startSimulation(local: LocalDescription, policy: string, asked: Asked = {}): Promise<Shown> {
  const body = { from: from(), ...asked };
  return Object(await callApi(local, 'policy-author', 'POST', `/v1/policies/${policy}/simulations`, body));
}

/** Starts a simulation and waits for its end. @throws Error when it fails */
export async function simulate(local: LocalDescription, policy: string, asked: Asked = {}): Promise<Shown> {
  let simulation = await startSimulation(local, policy, asked);
  while (simulation.state === 'running') {
    await delay(50);
    simulation = Object(await callApi(local, 'reader', 'GET', `/v1/simulations/${simulation.id}`));
  }
  if (simulation.state === 'failed') throw new Error(`the simulation failed: ${JSON.stringify(simulation.failure)}`);
  return simulation;
}
