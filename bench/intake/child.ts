import { randomUUID } from 'node:crypto';
import { pathToFileURL } from 'node:url';
import { administratorConfig } from '../access.ts';
import { callRecorder } from '../recording.ts';
import type { Boot, Round, RoundCost } from './protocol.ts';

/**
 * One side of the comparison, alone in its process: all CPU time that passes while a round runs is the round's. What a round
 * needs is prepared before its clock starts.
 */

type Work = () => Promise<void>;

let prepare: ((manifest: Buffer) => Promise<Work>) | undefined;

process.on('message', (message: Boot | Round) => {
  void ('kind' in message ? boot(message) : round(message)).then((answer) => process.send?.(answer));
});

async function boot(message: Boot): Promise<'ready'> {
  const module: Record<string, unknown> = await import(pathToFileURL(message.module).href);
  const { handler, bareCalls } = module;
  if (message.kind === 'handler' && typeof handler === 'function') {
    prepare = async (manifest) => {
      const event = eventOf(manifest, message);
      return async () => {
        const { statusCode } = await handler(event, { awsRequestId: event.requestContext.requestId });
        if (statusCode !== 201) throw new Error(`the handler answered ${statusCode}`);
      };
    };
  } else if (message.kind === 'bare' && typeof bareCalls === 'function') {
    const record = callRecorder(message.local, administratorConfig(message.local));
    prepare = async (manifest) => {
      const calls = await record(manifest);
      return async () => await bareCalls(calls);
    };
  } else {
    throw new Error(`${message.module} does not export what ${message.kind} needs`);
  }
  return 'ready';
}

async function round({ manifests }: Round): Promise<RoundCost> {
  if (!prepare) throw new Error('a round came before the boot');
  const work: Work[] = [];
  for (const manifest of manifests) work.push(await prepare(Buffer.from(manifest, 'base64')));
  const startedAt = performance.now();
  const before = process.cpuUsage();
  for (const each of work) await each();
  const { user, system } = process.cpuUsage(before);
  return { cpuMs: (user + system) / 1000, wallMs: performance.now() - startedAt };
}

/** The event as the API hands it to the function. */
function eventOf(manifest: Buffer, { local }: Boot) {
  const { uniqueId, userArn } = local.identities['training-pipeline'];
  return {
    resource: '/v1/manifests',
    path: '/v1/manifests',
    httpMethod: 'POST',
    headers: { 'content-type': 'application/json', host: new URL(local.apiUrl).host },
    pathParameters: null,
    queryStringParameters: null,
    requestContext: {
      requestId: randomUUID(),
      identity: { caller: `${uniqueId}:training-pipeline-session`, accountId: local.accountId, userArn },
    },
    body: manifest.toString('base64'),
    isBase64Encoded: true,
  };
}
