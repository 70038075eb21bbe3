import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { STAGE_CONFIGS } from '../../cdk/config.ts';
import { synthesise, type Template } from '../template/support/synth.ts';
import type { Check } from './support/checks.ts';
import { type CommandResult, refused, run, succeeded } from './support/command.ts';
import { pythonWith } from './support/tools.ts';

/** The package has no __main__; this is what its script does. */
const START = 'import sys; from cfnlint.runner import main; sys.exit(main())';

/** cfn-lint on what `cdk synth` writes. It exits 0 only without an error and without a warning; none is suppressed. */
export async function cfnLint(check: Check, folder: string): Promise<void> {
  const python = await pythonWith('cfn-lint');
  const lint = async (stage: string, templates: Readonly<Record<string, Template>>): Promise<CommandResult> => {
    const files = Object.keys(templates).map((name) => join(folder, stage, `${name}.template.json`));
    await mkdir(join(folder, stage), { recursive: true });
    for (const [index, template] of Object.values(templates).entries()) {
      await writeFile(files[index] ?? '', JSON.stringify(template, null, 1));
    }
    const env = { PATH: process.env.PATH, HOME: folder };
    return run(python, ['-c', START, '--regions', 'eu-west-1', '--', ...files], { env });
  };

  for (const { stage } of STAGE_CONFIGS) {
    await check(`cfn-lint finds nothing in the templates of stage ${stage}`, async () => {
      const { data, promotion, service } = synthesise(stage);
      succeeded(await lint(stage, { data, promotion, service }));
    });
  }
  await check('cfn-lint finds a property that CloudFormation does not know in the same template', async () => {
    const { Resources, ...rest } = synthesise('local').data;
    const Misspelt = { Type: 'AWS::S3::Bucket', Properties: { ObjectLockEnabledd: true } };
    refused(await lint('misspelt', { data: { ...rest, Resources: { ...Resources, Misspelt } } }), /ObjectLockEnabledd/);
  });
}
