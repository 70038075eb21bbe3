import { type Command, Option } from 'commander';
import { ENVIRONMENTS } from '../../lib/contracts/predicates.ts';
import { collect, wholeNumber } from '../options.ts';
import { tellPromotion } from '../promotion/tell.ts';
import { Shell } from '../shell.ts';
import { modelOf } from './gate.ts';

interface PromoteOptions {
  readonly model: string;
  readonly image: string;
  readonly endpoint: string;
  readonly environment: string;
  readonly request: string;
  readonly reason: string;
  readonly supersede?: boolean;
  readonly instanceType?: string;
  readonly instances?: number;
  readonly canaryPercent?: number;
  readonly bakeSeconds?: number;
  readonly alarm?: readonly string[];
  readonly breakGlass?: boolean;
  readonly wait?: boolean;
}

export function addPromote(program: Command): void {
  program
    .command('promote')
    .description('ask that a model serves on an endpoint: gate, approvals, canary, release (role promoter)')
    .requiredOption('--model <model>', 'SHA-256 of the model, or its tar.gz; it must be stored as an artifact')
    .requiredOption('--image <image>', 'serving image by its digest: REGISTRY/REPOSITORY@sha256:…')
    .requiredOption('--endpoint <name>', 'SageMaker endpoint')
    .addOption(new Option('--environment <environment>', 'where to').choices([...ENVIRONMENTS]).makeOptionMandatory())
    .requiredOption('--request <name>', 'your own name for the request: the same again is the same promotion')
    .requiredOption('--reason <text>', 'shown to the approvers and kept; no personal data')
    .option(
      '--supersede',
      'take the place of earlier promotions that deploy nothing yet, instead of waiting behind them',
    )
    .option('--instance-type <type>', 'ml.m5.large unless given')
    .option('--instances <number>', '2 unless given', wholeNumber(1, 100))
    .option('--canary-percent <percent>', 'traffic that the canary takes; 10 unless given', wholeNumber(1, 50))
    .option('--bake-seconds <seconds>', 'how long it is watched; 300 unless given', wholeNumber(0, 3600))
    .option('--alarm <name>', 'CloudWatch alarm that takes the deployment back; may be repeated', collect)
    .option('--break-glass', 'past the gate: somebody else must confirm it within an hour (role break-glass-promoter)')
    .option('--wait', 'until it is over; ends with 1 unless it is released')
    .addHelpText(
      'after',
      `
Examples:
  countersign promote --model model.tar.gz --image 111122223333.dkr.ecr.eu-central-1.amazonaws.com/serving@sha256:… \\
    --endpoint credit --environment production --request build-4711 --reason "retrained on October's data" --wait
  countersign promotion show ID`,
    )
    .action(async (options: PromoteOptions, command: Command) => {
      const shell = new Shell(command);
      const { image, endpoint, environment, request, reason, alarm: alarms } = options;
      const { sha256: model } = await modelOf(options.model);
      const body = {
        ...{ model, image, endpoint, environment, request, reason },
        ...(options.supersede ? { on_busy: 'supersede' } : {}),
        ...(options.instanceType === undefined ? {} : { instance_type: options.instanceType }),
        ...(options.instances === undefined ? {} : { instance_count: options.instances }),
        ...(options.canaryPercent === undefined ? {} : { canary_percent: options.canaryPercent }),
        ...(options.bakeSeconds === undefined ? {} : { bake_seconds: options.bakeSeconds }),
        ...(alarms === undefined ? {} : { alarms: [...alarms] }),
      };
      const path = options.breakGlass ? '/v1/promotions/break-glass' : '/v1/promotions';
      const api = shell.api();
      const asked = await api.json({ method: 'POST', path, body });
      await tellPromotion(shell, api, asked, options.wait);
    });
}
