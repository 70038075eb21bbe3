import type { CallRecord } from '../../local/control.ts';
import type { Taken } from './run.ts';

/** States that a deployment goes through once more each time that it is looked at. */
export const PROMOTION_POLL_STATES: ReadonlySet<string> = new Set([
  'WaitForDeployment',
  'WatchDeployment',
  'CheckDeployment',
]);

/** States that the deployer works for, on the way that ends in a release. */
const DEPLOYER_STATES: ReadonlySet<string> = new Set([
  'PreflightDeployment',
  'PrepareModel',
  'Deploy',
  'WatchDeployment',
  'CheckIntegrity',
]);

/** Names of the operations that leave everything as it is. */
const READING = /^(BatchGet|Describe|Get|Head|List|Query)/;

/** AWS calls of one promotion. */
export interface PromotionCalls {
  /** Without those of polls. */
  readonly all: number;
  /** The same by the function's name in the design. */
  readonly byFunction: ReadonlyMap<string, number>;
  /** Those that change, sign, seal, send or start something. */
  readonly writing: number;
  /** Of the poll that made the most. */
  readonly poll: number;
  /** From the first call of the request by which the last person approved to the call that begins the canary. */
  readonly toUpdateMs: number;
}

/** @throws Error where it cannot be told which calls were polls, or when something was */
export function splitCalls({ calls, states }: Taken): PromotionCalls {
  const polls = pollsOf(calls, states);
  const isPoll = ({ invocation }: CallRecord) => invocation !== undefined && polls.has(invocation);
  const counted = calls.filter((call) => !isPoll(call));
  const byFunction = Map.groupBy(counted, ({ identity }) => identity.replace(/^countersign-[^-]+-/, ''));
  return {
    all: counted.length,
    byFunction: new Map([...byFunction].map(([name, some]) => [name, some.length])),
    writing: counted.filter(({ operation }) => !READING.test(operation)).length,
    poll: Math.max(...polls.values()),
    toUpdateMs: approvedToUpdate(calls),
  };
}

/** Calls of each poll, by its invocation: the deployer is invoked in the order of the states that it works for. */
function pollsOf(calls: readonly CallRecord[], states: readonly string[]): ReadonlyMap<string, number> {
  const deployer = calls.filter(({ identity }) => identity.endsWith('-deployer'));
  const invocations = [...Map.groupBy(deployer, ({ invocation }) => invocation ?? '')];
  const served = states.filter((name) => DEPLOYER_STATES.has(name));
  if (served.length !== invocations.length) {
    throw new Error(`the deployer was invoked ${invocations.length} times in ${served.length} states`);
  }
  const polls = invocations.filter((_, index) => served[index] === 'WatchDeployment');
  return new Map(polls.map(([invocation, made]) => [invocation, made.length]));
}

function approvedToUpdate(calls: readonly CallRecord[]): number {
  const answered = calls.findLast(
    ({ operation, identity }) => operation === 'SendTaskSuccess' && identity.endsWith('-pages'),
  );
  const confirmed = calls.find(({ invocation }) => answered !== undefined && invocation === answered.invocation);
  const update = calls.find(({ operation }) => operation === 'UpdateEndpoint');
  if (!confirmed || !update) throw new Error('nobody approved, or nothing was deployed');
  return update.at - update.ms - (confirmed.at - confirmed.ms);
}
