import * as z from 'zod/mini';
import type { JsonObject } from '../../lib/core/json.ts';
import {
  type Activation,
  ActivationSchema,
  PolicyRecordSchema,
  type RecordedActivation,
} from '../../lib/core/policy.ts';
import { POLICY_STANDINGS } from '../../lib/core/policy-standing.ts';
import { printable } from '../../lib/core/printable.ts';
import { MAIN, slotOf } from '../../lib/core/slots.ts';
import { readAnswer } from '../answers.ts';
import { type ApiClient, apiPath } from '../client.ts';
import { table } from '../shell.ts';
import { countsOf } from '../simulate/lines.ts';

const POLICY = '/v1/policies/{sha256}';

const StandingSchema = z.looseObject({ standing: z.enum(POLICY_STANDINGS) });

const ListSchema = z.looseObject({
  active: z.nullable(ActivationSchema),
  beside: z.array(ActivationSchema),
  policies: z.array(z.intersection(PolicyRecordSchema, StandingSchema)),
});

/** Every policy, and which of them are in force. */
export function readList(answer: JsonObject): z.output<typeof ListSchema> {
  return readAnswer(ListSchema, answer);
}

export async function listPolicies(api: ApiClient): Promise<JsonObject> {
  return await api.json({ method: 'GET', path: '/v1/policies' });
}

/** What stands in a slot; undefined where nothing does. */
export async function standingIn(api: ApiClient, slot: string): Promise<Activation | undefined> {
  const { active, beside } = readList(await listPolicies(api));
  return slot === MAIN ? (active ?? undefined) : beside.find((one) => slotOf(one) === slot);
}

/** @param step - such as `approve`; nothing for the policy itself */
export function policyPath(sha256: string, step = ''): string {
  return `${apiPath(POLICY, { sha256 })}${step && `/${step}`}`;
}

export function policyLines(answer: JsonObject): string[] {
  const policy = readAnswer(PolicyRecordSchema, answer);
  const { sha256, state, bundle_revision, entrypoint, size, change_request, author, tested, simulated, approver } =
    policy;
  return table([
    ['policy', sha256],
    ['state', typeof answer.standing === 'string' ? answer.standing : state],
    ['revision', printable(bundle_revision)],
    ['entrypoint', printable(entrypoint)],
    ['bytes', String(size)],
    ['change request', printable(change_request)],
    ['author', `${printable(author.arn)} at ${author.at}`],
    ['tested', tested && `${tested.evidence} by ${printable(tested.by)} at ${tested.at}`],
    ['coverage', tested && (tested.coverage === null ? 'not stated' : `${tested.coverage} % of the lines`)],
    ['simulated', simulated && `${simulated.from} to ${simulated.to}: ${countsOf(simulated.counts)}`],
    ['report', simulated && `${simulated.report} of the simulation ${simulated.simulation}`],
    ['approved', approver && `${printable(approver.arn)} at ${approver.at}`],
    ['event', eventOf(answer)],
  ]);
}

export function activationLines(answer: JsonObject): string[] {
  const { sha256, slot, previous, reason, at, revision } = readAnswer(ActivationSchema, answer);
  const what = { enforced: 'in force', shadow: 'shadow', withdrawn: 'withdrawn' }[slot?.mode ?? 'enforced'];
  return table([
    [what, sha256],
    ['slot', slot?.name],
    ['until', slot?.until ?? undefined],
    ['before', previous ?? 'none'],
    ['reason', reason && printable(reason)],
    ['since', at],
    ['activation', String(revision)],
    ['event', eventOf(answer)],
  ]);
}

function eventOf({ event }: JsonObject): string | undefined {
  return typeof event === 'string' ? event : undefined;
}

/** One line of the history: when, what, where, who and why. */
export function historyLine({ at, sha256, slot, previous, reason, by }: RecordedActivation): string {
  const left = previous !== null && previous !== sha256 ? `  in place of ${previous.slice(0, 12)}` : '';
  const why = reason === null ? '' : `: ${printable(reason)}`;
  return `${at}  ${verbOf({ slot, reason })}  ${sha256}  ${slot?.name ?? MAIN}  ${printable(by)}${left}${why}`;
}

function verbOf({
  slot,
  reason,
}: {
  readonly slot: Activation['slot'] | undefined;
  readonly reason: string | null;
}): string {
  if (slot?.mode === 'withdrawn') return 'withdrawn  ';
  if (slot?.mode === 'shadow') return 'shadowed   ';
  return reason === null ? 'activated  ' : 'rolled back';
}
