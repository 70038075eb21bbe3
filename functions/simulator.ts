import { simulator, simulatorDeps } from '../lib/runtime/simulator.ts';

/** Invoked by the state machine that simulates policies; nobody else may. */
export const handler = simulator(simulatorDeps());
