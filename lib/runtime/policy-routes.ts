import { SFNClient } from '@aws-sdk/client-sfn';
import { dynamoSimulations } from '../adapters/dynamodb/simulations.ts';
import { readPolicyBundle } from '../adapters/opa/bundle.ts';
import { BESIDE_LIMITS, loadPolicy } from '../adapters/opa/policy.ts';
import { sfnExecutions } from '../adapters/sfn/executions.ts';
import { activatePolicy, endShadow, rollBackPolicy, shadowPolicy, withdrawPolicy } from '../app/activate-policy.ts';
import { acceptPolicyTest, approvePolicy, proposePolicy } from '../app/manage-policies.ts';
import { approveWaiver, endWaiver, requestWaiver } from '../app/manage-waivers.ts';
import { startSimulation } from '../app/simulate/start.ts';
import { termsInForce } from '../app/terms-in-force.ts';
import { Env } from '../contracts/env.ts';
import {
  ActivatePolicySchema,
  EndShadowSchema,
  EndWaiverSchema,
  ProposePolicySchema,
  RequestWaiverSchema,
  RollBackPolicySchema,
  ShadowPolicySchema,
  StartSimulationSchema,
  TestPolicySchema,
  WithdrawPolicySchema,
} from '../core/requests.ts';
import { waiverTerms } from '../core/waiver-terms.ts';
import { changedAnswer, digestParameter } from './answers.ts';
import { clientConfig, countersignDeps, tableConfig, tables } from './composition.ts';
import { required } from './environment.ts';
import { jsonBody, type RouteTable } from './http.ts';
import { simulationAnswer } from './simulation-answers.ts';

/** What changes which policy decides, and what it makes an exception of. */
export function policyRoutes(): RouteTable {
  const config = tableConfig();
  const base = { ...countersignDeps(), ...tables(config) };
  const readTerms = async (bundle: Buffer) => waiverTerms((await readPolicyBundle(bundle)).data);
  const deps = {
    ...base,
    terms: () => termsInForce({ ...base, readTerms }),
    simulations: dynamoSimulations(config.client, required(Env.WORKFLOW_TABLE)),
    executions: sfnExecutions(new SFNClient(clientConfig()), required(Env.SIMULATION_MACHINE_ARN)),
    // What could not be loaded beside the main policy would hold up gates there.
    inspectPolicy: async (bytes: Buffer) => await loadPolicy(await readPolicyBundle(bytes), BESIDE_LIMITS),
  };
  return {
    'POST /v1/policies': async (request) =>
      changedAnswer(await proposePolicy(deps, jsonBody(ProposePolicySchema, request), request.caller)),
    'POST /v1/policies/{sha256}/test': async (request) => {
      const { evidence } = jsonBody(TestPolicySchema, request);
      return changedAnswer(await acceptPolicyTest(deps, digestParameter(request), evidence, request.caller));
    },
    'POST /v1/policies/{sha256}/simulations': async (request) => {
      const asked = jsonBody(StartSimulationSchema, request);
      return simulationAnswer(await startSimulation(deps, digestParameter(request), asked, request.caller));
    },
    'POST /v1/policies/{sha256}/approve': async (request) =>
      changedAnswer(await approvePolicy(deps, digestParameter(request), request.caller)),
    'POST /v1/policies/{sha256}/activate': async (request) => {
      const { slot } = request.body.length === 0 ? {} : jsonBody(ActivatePolicySchema, request);
      return changedAnswer(await activatePolicy(deps, digestParameter(request), request.caller, slot));
    },
    // Routes of their own, because a route is what a role may call: who may shadow may not put in force.
    'POST /v1/policies/{sha256}/shadow': async (request) => {
      const wanted = jsonBody(ShadowPolicySchema, request);
      return changedAnswer(await shadowPolicy(deps, digestParameter(request), wanted, request.caller));
    },
    'POST /v1/policies/{sha256}/shadow/end': async (request) => {
      const wanted = jsonBody(EndShadowSchema, request);
      return changedAnswer(await endShadow(deps, digestParameter(request), wanted, request.caller));
    },
    'POST /v1/policies/withdraw': async (request) =>
      changedAnswer(await withdrawPolicy(deps, jsonBody(WithdrawPolicySchema, request), request.caller)),
    'POST /v1/waivers': async (request) =>
      changedAnswer(await requestWaiver(deps, jsonBody(RequestWaiverSchema, request), request.caller)),
    'POST /v1/waivers/{id}/approve': async (request) =>
      changedAnswer(await approveWaiver(deps, digestParameter(request, 'id'), request.caller)),
    'POST /v1/waivers/{id}/end': async (request) =>
      changedAnswer(
        await endWaiver(
          deps,
          digestParameter(request, 'id'),
          jsonBody(EndWaiverSchema, request).reason,
          request.caller,
        ),
      ),
    'POST /v1/policies/rollback': async (request) =>
      changedAnswer(await rollBackPolicy(deps, jsonBody(RollBackPolicySchema, request), request.caller)),
  };
}
