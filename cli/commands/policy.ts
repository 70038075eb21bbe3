import type { Command } from 'commander';
import * as z from 'zod/mini';
import type { JsonObject } from '../../lib/core/json.ts';
import { ActivationSchema, type PolicyRecord, PolicyRecordSchema } from '../../lib/core/policy.ts';
import { printable } from '../../lib/core/printable.ts';
import { readAnswer } from '../answers.ts';
import { type ApiClient, apiPath } from '../client.ts';
import { ApiProblem, UsageError, unusableFile } from '../errors.ts';
import { statOf } from '../hashing/with-progress.ts';
import { digest } from '../options.ts';
import { readBytes, Shell, table, writeBytes } from '../shell.ts';

const POLICY = '/v1/policies/{sha256}';

export function addPolicy(program: Command): void {
  const policy = program
    .command('policy')
    .description('the rules of the gates: propose, test, approve, activate, roll back')
    .addHelpText(
      'after',
      `
A policy bundle is proposed, tested, approved by somebody else than its author, and then activated; each step is evidence.

Examples:
  countersign policy propose policy.tar.gz --change-request CHG-1042
  countersign policy test SHA256 --evidence SHA256
  countersign policy approve SHA256
  countersign policy activate SHA256
  countersign policy rollback --reason "refuses every model, INC-77"`,
    );
  addList(policy);
  addShow(policy);
  addPropose(policy);
  addTest(policy);
  addApprove(policy);
  addActivate(policy);
  addRollback(policy);
}

const ListSchema = z.looseObject({
  active: z.nullable(ActivationSchema),
  policies: z.array(PolicyRecordSchema),
});

function addList(policy: Command): void {
  policy
    .command('list')
    .description('every policy that was ever proposed, the one in force marked with *')
    .action(async (_options: object, command: Command) => {
      const shell = new Shell(command);
      const answer = await shell.api().json({ method: 'GET', path: '/v1/policies' });
      const { active, policies } = readAnswer(ListSchema, answer);
      const newest = policies.toSorted((a, b) => (a.author.at < b.author.at ? 1 : -1));
      shell.result(
        answer,
        newest.length === 0
          ? ['none was proposed: countersign policy propose']
          : newest.map((one) => listLine(one, one.sha256 === active?.sha256)),
      );
    });
}

function listLine({ sha256, state, bundle_revision, author }: PolicyRecord, isActive: boolean): string {
  return `${isActive ? '*' : ' '} ${sha256}  ${state.padEnd(8)}  ${author.at}  ${printable(author.arn)}  ${printable(bundle_revision)}`;
}

function addShow(policy: Command): void {
  policy
    .command('show')
    .description('who proposed, tested and approved a policy, and when')
    .argument('<sha256>', 'digest of the policy bundle', digest)
    .option('--bundle <file>', 'write the policy bundle (tar.gz) there')
    .action(async (sha256: string, { bundle }: { bundle?: string }, command: Command) => {
      const shell = new Shell(command);
      const api = shell.api();
      const answer = await find(api, sha256);
      if (bundle !== undefined) await writeBytes(bundle, await api.bytes(`${apiPath(POLICY, { sha256 })}/bundle`));
      shell.result(answer, policyLines(answer));
    });
}

function addPropose(policy: Command): void {
  policy
    .command('propose')
    .description('store a policy bundle and say why it is wanted; it decides nothing yet (role policy-author)')
    .argument('<bundle>', 'what `opa build -t wasm` wrote: a tar.gz, or a folder of its members')
    .requiredOption('--change-request <text>', 'what asked for the change: a ticket or a pull request')
    .action(async (file: string, { changeRequest }: { changeRequest: string }, command: Command) => {
      const shell = new Shell(command);
      const bundle = await usableBundle(file);
      const body = { bundle: bundle.toString('base64'), change_request: changeRequest };
      const answer = await shell.api().json({ method: 'POST', path: '/v1/policies', body });
      shell.result(answer, policyLines(answer));
    });
}

/** What the API would refuse is not sent. The parts are loaded here, because no other command packs or compiles a policy. */
async function usableBundle(path: string): Promise<Buffer> {
  const [{ packPolicyBundle }, { readPolicyBundle }, { loadPolicy }, { MAX_POLICY_BYTES }] = await Promise.all([
    import('../../lib/adapters/opa/pack.ts'),
    import('../../lib/adapters/opa/bundle.ts'),
    import('../../lib/adapters/opa/policy.ts'),
    import('../../lib/app/manage-policies.ts'),
  ]);
  const bundle = (await statOf(path)).isDirectory() ? await packPolicyBundle(path) : await readBytes(path);
  if (bundle.length > MAX_POLICY_BYTES) {
    throw new UsageError(`${path} has ${bundle.length} bytes; a policy bundle has at most ${MAX_POLICY_BYTES}`);
  }
  try {
    await loadPolicy(await readPolicyBundle(bundle));
  } catch (error) {
    unusableFile(path, error);
  }
  return bundle;
}

function addTest(policy: Command): void {
  policy
    .command('test')
    .description('hand in the signed test result of a proposed policy (role policy-author or policy-approver)')
    .argument('<sha256>', 'digest of the policy bundle', digest)
    .requiredOption(
      '--evidence <sha256>',
      'a test-result attestation that passed, with the bundle as its subject',
      digest,
    )
    .action(async (sha256: string, { evidence }: { evidence: string }, command: Command) => {
      const shell = new Shell(command);
      const answer = await take(
        shell.api(),
        sha256,
        'test',
        { evidence },
        ({ tested }) => tested?.evidence === evidence,
      );
      shell.result(answer, policyLines(answer));
    });
}

function addApprove(policy: Command): void {
  policy
    .command('approve')
    .description('approve a tested policy; its author may not (role policy-approver)')
    .argument('<sha256>', 'digest of the policy bundle', digest)
    .action(async (sha256: string, _options: object, command: Command) => {
      const shell = new Shell(command);
      const api = shell.api();
      const self = await callerId(api);
      const answer = await take(api, sha256, 'approve', {}, ({ approver }) => approver?.unique_id === self);
      shell.result(answer, policyLines(answer));
    });
}

function addActivate(policy: Command): void {
  policy
    .command('activate')
    .description('put an approved policy in force: the next gate uses it (role policy-approver)')
    .argument('<sha256>', 'digest of the policy bundle', digest)
    .action(async (sha256: string, _options: object, command: Command) => {
      const shell = new Shell(command);
      const path = `${apiPath(POLICY, { sha256 })}/activate`;
      const answer = await shell.api().json({ method: 'POST', path, body: {} });
      shell.result(answer, activationLines(answer));
    });
}

function addRollback(policy: Command): void {
  policy
    .command('rollback')
    .description('put the policy before back in force, at once (role policy-approver or operator)')
    .requiredOption('--reason <text>', 'kept for the auditors; no personal data')
    .action(async ({ reason }: { reason: string }, command: Command) => {
      const shell = new Shell(command);
      const api = shell.api();
      const { active } = readAnswer(ListSchema, await api.json({ method: 'GET', path: '/v1/policies' }));
      // Named, so that a request that is repeated, or a colleague's at the same time, does not bring it back.
      if (active === null) throw new UsageError('no policy is in force, so there is none to leave');
      const body = { reason, from: active.sha256 };
      const answer = await api.json({ method: 'POST', path: '/v1/policies/rollback', body });
      shell.result(answer, activationLines(answer));
    });
}

async function find(api: ApiClient, sha256: string): Promise<JsonObject> {
  return await api.json({ method: 'GET', path: apiPath(POLICY, { sha256 }) });
}

/** The answer to a first attempt may be lost; the second then finds the step taken, in this very way. */
async function take(
  api: ApiClient,
  sha256: string,
  step: 'test' | 'approve',
  body: JsonObject,
  isTaken: (policy: PolicyRecord) => boolean,
): Promise<JsonObject> {
  try {
    return await api.json({ method: 'POST', path: `${apiPath(POLICY, { sha256 })}/${step}`, body });
  } catch (error) {
    if (!(error instanceof ApiProblem) || error.problem.code !== 'POLICY_STATE_CONFLICT') throw error;
    const now = await find(api, sha256);
    if (isTaken(readAnswer(PolicyRecordSchema, now))) return now;
    throw error;
  }
}

const CallerSchema = z.looseObject({ caller: z.looseObject({ unique_id: z.string() }) });

async function callerId(api: ApiClient): Promise<string> {
  return readAnswer(CallerSchema, await api.json({ method: 'GET', path: '/v1/status' })).caller.unique_id;
}

function policyLines(answer: JsonObject): string[] {
  const policy = readAnswer(PolicyRecordSchema, answer);
  const { sha256, state, bundle_revision, entrypoint, size, change_request, author, tested, approver } = policy;
  const event = typeof answer.event === 'string' ? answer.event : undefined;
  return table([
    ['policy', sha256],
    ['state', state],
    ['revision', printable(bundle_revision)],
    ['entrypoint', printable(entrypoint)],
    ['bytes', String(size)],
    ['change request', printable(change_request)],
    ['author', `${printable(author.arn)} at ${author.at}`],
    ['tested', tested && `${tested.evidence} by ${printable(tested.by)} at ${tested.at}`],
    ['approved', approver && `${printable(approver.arn)} at ${approver.at}`],
    ['event', event],
  ]);
}

function activationLines(answer: JsonObject): string[] {
  const { sha256, previous, reason, at, revision } = readAnswer(ActivationSchema, answer);
  return table([
    ['in force', sha256],
    ['before', previous ?? 'none'],
    ['reason', reason && printable(reason)],
    ['since', at],
    ['activation', String(revision)],
    ['event', typeof answer.event === 'string' ? answer.event : undefined],
  ]);
}
