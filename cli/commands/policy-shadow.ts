import { type Command, InvalidArgumentError } from 'commander';
import * as z from 'zod/mini';
import {
  addCounts,
  countShadow,
  type ShadowCounts,
  ShadowCountsSchema,
  type ShadowDifference,
  type ShadowedGate,
  ShadowedGateSchema,
} from '../../lib/core/gate/shadow.ts';
import type { JsonObject } from '../../lib/core/json.ts';
import { printable } from '../../lib/core/printable.ts';
import { MAX_SHADOW_DAYS } from '../../lib/core/slots.ts';
import { readAnswer } from '../answers.ts';
import type { ApiClient } from '../client.ts';
import { digest } from '../options.ts';
import { Shell, table } from '../shell.ts';
import { activationLines, policyPath } from './policy-answers.ts';

/** A candidate beside the policy that decides. */
export function addShadow(policy: Command): void {
  policy
    .command('shadow')
    .description('ask a tested policy at every gate and let it decide nothing (role policy-author or policy-approver)')
    .argument('<sha256>', 'digest of the policy bundle', digest)
    .requiredOption('--days <n>', `it ends by itself after so many, ${MAX_SHADOW_DAYS} at most`, days)
    .option('--slot <name>', 'that it stands in', 'candidate')
    .action(async (sha256: string, options: { days: number; slot: string }, command: Command) => {
      const shell = new Shell(command);
      const until = new Date(Date.now() + options.days * 24 * 60 * 60 * 1000).toISOString();
      const body = { slot: options.slot, until };
      const answer = await shell.api().json({ method: 'POST', path: policyPath(sha256, 'shadow'), body });
      shell.result(answer, activationLines(answer));
    });
  policy
    .command('shadow-report')
    .description('what a shadow would have decided otherwise, and by which rule')
    .argument('<sha256>', 'digest of the policy bundle', digest)
    .action(async (sha256: string, _options: object, command: Command) => {
      const shell = new Shell(command);
      const report = await wholeReport(shell.api(), sha256);
      shell.result({ policy: sha256, ...report }, reportLines(report));
    });
}

function days(text: string): number {
  const number = Number(text);
  if (number > 0 && number <= MAX_SHADOW_DAYS) return number;
  throw new InvalidArgumentError(`It must be more than 0 and at most ${MAX_SHADOW_DAYS}.`);
}

const PageSchema = z.looseObject({
  since: z.nullable(z.string()),
  counts: ShadowCountsSchema,
  differences: z.array(ShadowedGateSchema),
  next: z.nullable(z.string()),
});

interface Report extends JsonObject {
  /** From when on it was the same shadow beside the same main policy. */
  readonly since: string | null;
  readonly counts: ShadowCounts;
  readonly differences: ShadowedGate[];
}

/** Each answer tells of a part of the gates; the parts add up. */
async function wholeReport(api: ApiClient, sha256: string): Promise<Report> {
  let counts = countShadow([]);
  const differences: ShadowedGate[] = [];
  let since: string | null = null;
  let cursor: string | undefined;
  do {
    const query = cursor === undefined ? {} : { query: { cursor } };
    const answer = await api.json({ method: 'GET', path: policyPath(sha256, 'shadow'), ...query });
    const page = readAnswer(PageSchema, answer);
    counts = addCounts(counts, page.counts);
    since = page.since;
    differences.push(...page.differences);
    cursor = page.next ?? undefined;
  } while (cursor !== undefined);
  return { since, counts, differences };
}

const TOLD: Readonly<Record<ShadowDifference, string>> = {
  would_fail: 'would fail',
  would_pass: 'would pass',
  broke: 'broke',
};

function reportLines({ since, counts, differences }: Report): string[] {
  const { gates, same, would_fail, would_pass, broke, late, rules } = counts;
  return [
    ...differences.map(({ difference, decided_at, environment, model, decision, code, rules: by }) => {
      const why = code ?? by.map(printable).join(', ');
      return `${TOLD[difference].padEnd(10)}  ${decided_at}  ${environment ?? ''}  ${model}  ${decision}  ${why}`.trimEnd();
    }),
    ...(differences.length === 0 ? [] : ['']),
    ...table([
      ['since', since ?? ''],
      ['gates', String(gates)],
      ['same', String(same)],
      ['would fail', String(would_fail)],
      ['would pass', String(would_pass)],
      ['broke', String(broke)],
      ['not loaded', String(late)],
      [
        'by rule',
        Object.entries(rules)
          .map(([rule, count]) => `${printable(rule)} ${count}`)
          .join(', '),
      ],
    ]),
  ];
}
