import type { Simulation } from '../../core/simulation.ts';

/** A simulation, and how many of its chunks are done. */
export interface StandingSimulation {
  readonly simulation: Simulation;
  readonly done: number;
}

/** The simulations of the workflow table. */
export interface Simulations {
  /** Consistent read. */
  find(id: string): Promise<StandingSimulation | undefined>;
  /** Newest first; one that was asked for this second may be missing. */
  ofPolicy(sha256: string): Promise<readonly Simulation[]>;
  /**
   * Writes a simulation on condition that it stands at the revision before.
   * @returns false when it does not; nothing was written then
   */
  save(simulation: Simulation): Promise<boolean>;
  /** Marks a chunk as done. The same chunk again counts once. */
  markDone(id: string, chunk: number): Promise<void>;
}

/** Where simulations keep what they are made from. Each object is written once, and expires. */
export interface WorkStore {
  /** @returns false, having written nothing, when something lies under the name already */
  putOnce(name: string, bytes: Uint8Array): Promise<boolean>;
  read(name: string): Promise<Buffer | undefined>;
  has(name: string): Promise<boolean>;
}

/** The state machine that simulates. */
export interface Executions {
  /** An execution of that name and input that is there already is the one that is meant. */
  start(name: string, input: object): Promise<void>;
  state(name: string): Promise<'running' | 'ended' | 'absent'>;
}
