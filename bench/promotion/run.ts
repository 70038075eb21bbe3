import { setTimeout as delay } from 'node:timers/promises';
import { DescribeExecutionCommand, GetExecutionHistoryCommand, type SFNClient } from '@aws-sdk/client-sfn';
import type { Approver } from '../../local/approver.ts';
import type { CallRecord, LocalControl } from '../../local/control.ts';
import { type LogMarks, markLogs, type Ran, ranSince } from './invocations.ts';
import { askForPromotion, type Scene } from './scene.ts';

/** What one promotion took. */
export interface Taken {
  /** Of functions, in their order; those of whoever looks on are left out. */
  readonly calls: readonly CallRecord[];
  /** States that were entered, in their order. */
  readonly states: readonly string[];
  readonly ran: Ran;
  readonly mails: number;
}

/** Whoever looks at a promotion calls the reader; and the evidence of later models comes by the intake. */
const ONLOOKERS: ReadonlySet<string> = new Set(['reader', 'intake', 'artifacts', 'artifact-verifier']);

/** After this long without a call, whoever hears of evidence and events has heard. */
const QUIET_MS = 2_000;
const PATIENCE_MS = 120_000;
const PAUSE_MS = 100;

/** One promotion, from the request to the release, which everybody approves through the pages. */
export async function promote(
  scene: Scene,
  { control, stepFunctions }: { readonly control: LocalControl; readonly stepFunctions: SFNClient },
  model: string,
): Promise<Taken> {
  const { local } = scene;
  const counted = new Set(
    local.functions.filter((name) => !ONLOOKERS.has(name.slice(`countersign-${local.stage}-`.length))),
  );
  const isOurs = ({ identity }: CallRecord) => counted.has(identity);
  const marks: LogMarks = await markLogs(local.logs);
  const mailed = (await control.mails()).length;
  const seen = await linksSoFar(scene.approvers);
  await control.resetCalls();
  const id = await askForPromotion(scene, model);
  for (const approver of scene.approvers) {
    const fresh = async () => (await approver.links()).find((link) => !seen.has(link));
    await approver.decide(await patiently('the mail with a link', fresh), 'approve');
  }
  const executionArn = `arn:aws:states:${local.region}:${local.accountId}:execution:countersign-${local.stage}-promote-model:${id}`;
  await patiently(`the end of the promotion ${id}`, async () => {
    const { status } = await stepFunctions.send(new DescribeExecutionCommand({ executionArn }));
    if (status !== 'RUNNING' && status !== 'SUCCEEDED') throw new Error(`the promotion ${id} is ${status}`);
    return status === 'SUCCEEDED' || undefined;
  });
  const calls = await quietCalls(control, isOurs);
  const history = await stepFunctions.send(new GetExecutionHistoryCommand({ executionArn, maxResults: 1000 }));
  return {
    calls,
    states: (history.events ?? []).flatMap(({ stateEnteredEventDetails }) => stateEnteredEventDetails?.name ?? []),
    ran: await ranSince(local.logs, marks, counted),
    mails: (await control.mails()).length - mailed,
  };
}

async function linksSoFar(approvers: readonly Approver[]): Promise<ReadonlySet<string>> {
  return new Set((await Promise.all(approvers.map((approver) => approver.links()))).flat());
}

async function quietCalls(control: LocalControl, isOurs: (call: CallRecord) => boolean) {
  let known = -1;
  return await patiently('an end of the calls', async () => {
    await delay(QUIET_MS);
    const calls = (await control.calls()).filter(isOurs);
    const isEnd = calls.length === known;
    known = calls.length;
    return isEnd ? calls : undefined;
  });
}

/** Asks again until there is an answer. */
async function patiently<T>(what: string, ask: () => Promise<T | undefined>): Promise<T> {
  for (const end = performance.now() + PATIENCE_MS; ; await delay(PAUSE_MS)) {
    const found = await ask();
    if (found !== undefined) return found;
    if (performance.now() > end) throw new Error(`${what} did not come`);
  }
}
