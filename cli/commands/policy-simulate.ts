import { type Command, Option } from 'commander';
import { ENVIRONMENTS } from '../../lib/contracts/predicates.ts';
import { SimulationReportSchema } from '../../lib/core/gate/what-if-report.ts';
import { isJsonObject, parseStrictJson } from '../../lib/core/json.ts';
import { readAnswer } from '../answers.ts';
import { digest, instant } from '../options.ts';
import { Shell } from '../shell.ts';
import { awaitSimulation, readSimulation } from '../simulate/await-simulation.ts';
import { reportLines, simulationLines } from '../simulate/lines.ts';
import { policyPath } from './policy-answers.ts';

/** One more than approving asks for: clocks differ. */
const DEFAULT_DAYS = 31;

interface Options {
  readonly from?: string;
  readonly to?: string;
  readonly environment?: string;
  readonly wait: boolean;
}

/** What a candidate would have decided. */
export function addSimulate(policy: Command): void {
  policy
    .command('simulate')
    .description('say what a tested policy would have decided of the past (role policy-author or policy-approver)')
    .argument('<sha256>', 'digest of the policy bundle', digest)
    .option('--from <time>', `of the decisions; ${DEFAULT_DAYS} days ago unless given`, instant)
    .option('--to <time>', 'end of the range, exclusive; now unless given', instant)
    .addOption(new Option('--environment <name>', 'only decisions of this one').choices([...ENVIRONMENTS]))
    .option('--no-wait', 'start it, or look how it stands')
    .action(async (sha256: string, { from, to, environment, wait }: Options, command: Command) => {
      const shell = new Shell(command);
      const api = shell.api();
      const body = {
        from: from ?? new Date(Date.now() - DEFAULT_DAYS * 24 * 60 * 60 * 1000).toISOString(),
        ...(to === undefined ? {} : { to }),
        ...(environment === undefined ? {} : { environment }),
      };
      const answer = await api.json({ method: 'POST', path: policyPath(sha256, 'simulations'), body });
      const simulation = readSimulation(answer);
      if (!wait) return shell.result(answer, simulationLines(simulation));
      const report = parseStrictJson(await awaitSimulation(api, simulation));
      const read = readAnswer(SimulationReportSchema, isJsonObject(report) ? report : {});
      shell.result(read, reportLines(read));
    });
}
