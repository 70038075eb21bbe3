import { dynamoGateFacts } from '../adapters/dynamodb/gate-facts.ts';
import { dynamoGateLedger } from '../adapters/dynamodb/gate-ledger.ts';
import { readPolicyBundle } from '../adapters/opa/bundle.ts';
import { loadPolicy, POLICY_LIMITS, type PolicyLimits } from '../adapters/opa/policy.ts';
import type { AskDeps } from '../app/gate/ask.ts';
import { type PolicyUse, policiesInForce } from '../app/gate/in-force.ts';
import { listedWaivers } from '../app/gate/waivers.ts';
import { Env } from '../contracts/env.ts';
import { countersignDeps, sleep, tableConfig, tables } from './composition.ts';
import { gateSampling, required } from './environment.ts';

/**
 * Five policies share a function of 1 GB that has 28 seconds. What stands beside the main one gets less of both, and a shadow
 * next to no time.
 */
const LIMITS: Readonly<Record<PolicyUse, PolicyLimits>> = {
  main: POLICY_LIMITS,
  enforced: { timeoutMs: 2000, maxPages: 1536 },
  shadow: { timeoutMs: 250, maxPages: 1536 },
};

/** What a function that decides needs. */
export function gateDeps(): AskDeps {
  const base = countersignDeps();
  const config = tableConfig();
  const { registry } = tables(config);
  return {
    ...base,
    registry,
    sampling: gateSampling(),
    ledger: dynamoGateLedger(config),
    facts: {
      ...dynamoGateFacts(config.client, required(Env.WORKFLOW_TABLE)),
      waivers: () => listedWaivers(registry),
    },
    policies: policiesInForce({
      registry,
      store: base.store,
      load: async (bytes, use) => await loadPolicy(await readPolicyBundle(bytes), LIMITS[use]),
      clock: base.clock,
      sleep,
    }),
  };
}
