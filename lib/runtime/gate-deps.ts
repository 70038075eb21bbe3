import { dynamoGateFacts } from '../adapters/dynamodb/gate-facts.ts';
import { dynamoGateLedger } from '../adapters/dynamodb/gate-ledger.ts';
import { dynamoReleases } from '../adapters/dynamodb/releases.ts';
import { readPolicyBundle } from '../adapters/opa/bundle.ts';
import { BESIDE_LIMITS, loadPolicy, POLICY_LIMITS, type PolicyLimits } from '../adapters/opa/policy.ts';
import { provenApprovals } from '../app/gate/approvals.ts';
import type { AskDeps } from '../app/gate/ask.ts';
import type { GateDeps } from '../app/gate/evaluate.ts';
import { type PolicyUse, policiesInForce } from '../app/gate/in-force.ts';
import { listedReleases } from '../app/gate/releases.ts';
import { listedWaivers } from '../app/gate/waivers.ts';
import { Env } from '../contracts/env.ts';
import { countersignDeps, sleep, tableConfig, tables } from './composition.ts';
import { gateSampling, required } from './environment.ts';

/** What stands beside the main policy gets less than it, and a shadow next to no time. */
const LIMITS: Readonly<Record<PolicyUse, PolicyLimits>> = {
  main: POLICY_LIMITS,
  enforced: BESIDE_LIMITS,
  shadow: { ...BESIDE_LIMITS, timeoutMs: 250 },
};

/** The same for gates that may skip what is not in the sample. */
export function gateDeps(): AskDeps {
  return { ...deciderDeps(), sampling: gateSampling() };
}

/** What a function that decides needs. */
export function deciderDeps(): GateDeps {
  const base = countersignDeps();
  const config = tableConfig();
  const { registry } = tables(config);
  const ledger = dynamoGateLedger(config);
  const { listedApprovals, findings } = dynamoGateFacts(config.client, required(Env.WORKFLOW_TABLE));
  const releases = dynamoReleases(config.client, required(Env.WORKFLOW_TABLE));
  return {
    ...base,
    sleep,
    registry,
    ledger,
    facts: {
      findings,
      approvals: async (model, at, active, evidence) =>
        await provenApprovals({ ...base, ledger: evidence, registry }, await listedApprovals(model), at, active),
      waivers: (at) => listedWaivers(registry, at),
      releases: (endpoint, notAfter) => listedReleases(releases, endpoint, notAfter),
    },
    policies: policiesInForce({
      registry,
      store: base.store,
      load: async (bytes, use) => await loadPolicy(await readPolicyBundle(bytes), LIMITS[use]),
      clock: base.clock,
    }),
  };
}
