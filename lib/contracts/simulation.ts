/**
 * What-if on real history: what the state machine `statemachines/simulate-policy.asl.json` and the simulator function say to
 * each other, and where they leave it for each other.
 */

/** Input of an execution, which is named `<simulation>-<attempt>`. */
export interface SimulationInput {
  /** Id of the simulation: 64 hexadecimal digits. */
  readonly simulation: string;
  /** Counts the executions of the simulation, from 1. */
  readonly attempt: number;
}

/** What the state machine asks the function for. */
export type SimulationTask =
  /** Lists the next decisions from a cursor on; null at first. Answered with {@link Listed}. */
  | ({ readonly task: 'list'; readonly cursor: string | null } & SimulationInput)
  /** Evaluates one chunk of them. Answered with {@link SimulationChunk}. */
  | ({ readonly task: 'evaluate' } & SimulationChunk & SimulationInput)
  | ({ readonly task: 'report' } & SimulationInput)
  /** Records that the execution fails: the name and the cause of the error as Step Functions gives them. */
  | ({ readonly task: 'fail'; readonly error: string; readonly cause: string } & SimulationInput);

export interface Listed {
  /** Where to go on; null when everything is listed. */
  readonly cursor: string | null;
  /** Chunks so far. */
  readonly chunks: number;
}

/** An item of the list that the Distributed Map reads. */
export interface SimulationChunk {
  readonly chunk: number;
}

/** Name of the errors that are worth a retry; no other is. */
export const TRANSIENT_ERROR = 'TransientError';

/** Name of the errors that last until the key admin activates the evidence key of a deployment: worth a retry for an hour. */
export const KEY_INACTIVE_ERROR = 'EvidenceKeyInactive';

/** Where a simulation works, in the staging bucket, whose objects expire. */
export const SIMULATION_WORK = 'simulations/';

/** Objects of the staging bucket. Each is written once. */
export const simulationWork = {
  /** JSON array of {@link SimulationChunk}, there when everything is listed. */
  chunks: (simulation: string): string => `${SIMULATION_WORK}${simulation}/chunks.json`,
  chunk: (simulation: string, chunk: number): string => `${SIMULATION_WORK}${simulation}/chunks/${chunk}.json`,
  result: (simulation: string, chunk: number): string => `${SIMULATION_WORK}${simulation}/results/${chunk}.json`,
} as const;
