import { deployer, deployerDeps } from '../lib/runtime/deployer.ts';

/** Invoked by the state machine that promotes models; nobody else may. */
export const handler = deployer(deployerDeps());
