import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { closeClients } from '../../../local/clients.ts';
import { startMinistack } from '../../../local/ministack.ts';
import { freePort } from '../../../local/ports.ts';
import { Processes } from '../../../local/processes.ts';
import type { JsonObject } from '../../../local/properties.ts';
import { provision } from '../../../local/provisioner.ts';
import { ensurePython } from '../../../local/python.ts';
import { wire } from '../../../local/wiring.ts';
import { resourcesOf, stackOf } from './templates.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
const PLACE = { region: 'eu-west-1', accountId: '111122223333' };

type TypedResource = readonly [type: string, properties: JsonObject];

/** A function of a small template, with a role of its own: `AWS::Lambda::Function`. */
export function functionOf(name: string): Readonly<Record<string, TypedResource>> {
  return {
    [`${name}Role`]: ['AWS::IAM::Role', { RoleName: `${name}-role` }],
    [name]: [
      'AWS::Lambda::Function',
      {
        FunctionName: name,
        Role: { 'Fn::GetAtt': [`${name}Role`, 'Arn'] },
        Code: { S3Bucket: 'assets', S3Key: 'code.zip' },
        Handler: 'index.handler',
        Runtime: 'nodejs24.x',
      },
    ],
  };
}

/**
 * Local AWS over the emulator with a small template of the test's own, for what the template of the app does not have.
 *
 * @param handler - source of the module that every function of the template runs.
 */
export async function startCloud(handler: string, resources: Readonly<Record<string, TypedResource>>) {
  const stateDir = await mkdtemp(join(tmpdir(), 'countersign-cloud-'));
  await writeFile(join(stateDir, 'index.mjs'), handler);
  const processes = await Processes.claim(join(stateDir, 'processes.json'), () => {});
  const ports = { ministack: await freePort(), moto: await freePort() };
  const python = await ensurePython(join(ROOT, '.countersign/venv'), join(ROOT, 'local/requirements.txt'), () => {});
  await startMinistack(processes, { ...PLACE, python, stateDir, port: ports.ministack });
  const { cloud, sagemaker } = wire({ ...PLACE, stateDir, ports });
  await cloud.frontDoor.listen(0);
  const assetFolders = new Map([['code.zip', stateDir]]);
  await provision([stackOf({ resources: resourcesOf(resources), assetFolders })], cloud);
  return {
    ...PLACE,
    cloud,
    /** What a function wrote to its log, one object per line. */
    log: async (name: string): Promise<readonly Record<string, unknown>[]> => {
      const text = await readFile(join(stateDir, 'logs', `${name}.jsonl`), 'utf8').catch(() => '');
      return text
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line));
    },
    close: async () => {
      for (const source of cloud.eventSources) source.stop();
      await cloud.frontDoor.close();
      sagemaker.close();
      await cloud.host.stop();
      cloud.stepFunctions.close();
      closeClients(cloud.clients);
      await processes.stop();
      await rm(stateDir, { recursive: true, force: true });
    },
  };
}

export type SmallCloud = Awaited<ReturnType<typeof startCloud>>;
