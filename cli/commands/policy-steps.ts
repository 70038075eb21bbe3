import type { Command } from 'commander';
import * as z from 'zod/mini';
import type { JsonObject } from '../../lib/core/json.ts';
import { type PolicyRecord, PolicyRecordSchema } from '../../lib/core/policy.ts';
import { readAnswer } from '../answers.ts';
import type { ApiClient } from '../client.ts';
import { ApiProblem } from '../errors.ts';
import { digest } from '../options.ts';
import { Shell } from '../shell.ts';
import { policyLines, policyPath } from './policy-answers.ts';

/** The steps that a policy takes from its proposal to its approval. */
export function addSteps(policy: Command): void {
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
      await take(new Shell(command), sha256, {
        name: 'test',
        body: { evidence },
        isTaken: ({ tested }) => tested?.evidence === evidence,
      });
    });
  policy
    .command('approve')
    .description('approve a simulated policy; its author may not (role policy-approver)')
    .argument('<sha256>', 'digest of the policy bundle', digest)
    .action(async (sha256: string, _options: object, command: Command) => {
      const shell = new Shell(command);
      const self = await callerId(shell.api());
      await take(shell, sha256, {
        name: 'approve',
        body: {},
        isTaken: ({ approver }) => approver?.unique_id === self,
      });
    });
}

interface Step {
  readonly name: 'test' | 'approve';
  readonly body: JsonObject;
  /** Whether the step was taken in this very way. */
  readonly isTaken: (policy: PolicyRecord) => boolean;
}

async function take(shell: Shell, sha256: string, step: Step): Promise<void> {
  const answer = await taken(shell.api(), sha256, step);
  shell.result(answer, policyLines(answer));
}

/** The answer to a first attempt may be lost; the second then finds the step taken. */
async function taken(api: ApiClient, sha256: string, { name, body, isTaken }: Step): Promise<JsonObject> {
  try {
    return await api.json({ method: 'POST', path: policyPath(sha256, name), body });
  } catch (error) {
    if (!(error instanceof ApiProblem) || error.problem.code !== 'POLICY_STATE_CONFLICT') throw error;
    const now = await api.json({ method: 'GET', path: policyPath(sha256) });
    if (isTaken(readAnswer(PolicyRecordSchema, now))) return now;
    throw error;
  }
}

const CallerSchema = z.looseObject({ caller: z.looseObject({ unique_id: z.string() }) });

async function callerId(api: ApiClient): Promise<string> {
  return readAnswer(CallerSchema, await api.json({ method: 'GET', path: '/v1/status' })).caller.unique_id;
}
