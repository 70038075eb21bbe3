import { type Command, Option } from 'commander';
import { ENVIRONMENTS } from '../../lib/contracts/predicates.ts';
import { SimulationReportSchema } from '../../lib/core/gate/what-if-report.ts';
import { isJsonObject, parseStrictJson } from '../../lib/core/json.ts';
import { HISTORY_DAYS } from '../../lib/core/policy.ts';
import { DAY_MS } from '../../lib/core/time.ts';
import { readAnswer } from '../answers.ts';
import { digest, instant } from '../options.ts';
import { Shell } from '../shell.ts';
import { readSimulation, readSimulations } from '../simulate/answers.ts';
import { awaitSimulation } from '../simulate/await-simulation.ts';
import { listLines, reportLines, simulationLines } from '../simulate/lines.ts';
import { policyPath } from './policy-answers.ts';

/** The API takes no end in the future, and clocks differ. */
const CLOCK_SKEW_MS = 60_000;

interface Options {
  readonly from?: string;
  readonly to?: string;
  readonly environment?: string;
  readonly slot?: string;
  readonly wait: boolean;
}

/** What a candidate would have decided. */
export function addSimulate(policy: Command): void {
  policy
    .command('simulate')
    .description('say what a tested policy would have decided of the past (role policy-author or policy-approver)')
    .argument('<sha256>', 'digest of the policy bundle', digest)
    .option('--from <time>', `of the decisions; ${HISTORY_DAYS} days before the end unless given`, instant)
    .option('--to <time>', 'end of the range, exclusive; a minute ago unless given', instant)
    .addOption(new Option('--environment <name>', 'only decisions of this one').choices([...ENVIRONMENTS]))
    .option('--slot <name>', 'where it would stand, in the place of what stood there; main unless given')
    .option('--no-wait', 'only start it; `policy simulations` tells how it stands')
    .action(async (sha256: string, { wait, ...asked }: Options, command: Command) => {
      const shell = new Shell(command);
      const api = shell.api();
      const body = questionOf(asked);
      const answer = await api.json({ method: 'POST', path: policyPath(sha256, 'simulations'), body });
      const simulation = readSimulation(answer);
      if (!wait) return shell.result(answer, simulationLines(simulation));
      const report = parseStrictJson(await awaitSimulation(api, simulation));
      const read = readAnswer(SimulationReportSchema, isJsonObject(report) ? report : {});
      shell.result(read, reportLines(read));
    });
}

/** Both ends are said here, so that what is sent again after a lost answer is the same question. */
function questionOf({ from, to, environment, slot }: Omit<Options, 'wait'>) {
  const end = to ?? new Date(Date.now() - CLOCK_SKEW_MS).toISOString();
  return {
    from: from ?? new Date(Date.parse(end) - HISTORY_DAYS * DAY_MS).toISOString(),
    to: end,
    ...(environment === undefined ? {} : { environment }),
    ...(slot === undefined ? {} : { slot }),
  };
}

export function addSimulations(policy: Command): void {
  policy
    .command('simulations')
    .description('the simulations of a policy, newest first: how they stand, and why they failed')
    .argument('<sha256>', 'digest of the policy bundle', digest)
    .action(async (sha256: string, _options: object, command: Command) => {
      const shell = new Shell(command);
      const answer = await shell.api().json({ method: 'GET', path: policyPath(sha256, 'simulations') });
      shell.result(answer, listLines(readSimulations(answer)));
    });
}
