import { pathToFileURL } from 'node:url';
import { parentPort, workerData } from 'node:worker_threads';
import type { FunctionErrorBody, InvokeMessage, WorkerBoot, WorkerMessage } from './lambda-protocol.ts';

/**
 * The inside of one copy of a function: loads the bundled handler once, then runs one event after the other, as the
 * Node.js runtime of Lambda does. Its `process.env` is the function's own.
 */

type Handler = (event: unknown, context: unknown) => unknown;

const port = parentPort;
if (port === null) throw new Error('lambda-worker.ts runs as a worker thread only');

const say = (message: WorkerMessage) => port.postMessage(message);

try {
  const handler = await load(workerData);
  port.on('message', (message: InvokeMessage) => void invoke(handler, message));
  say({ kind: 'ready' });
} catch (error) {
  say({ kind: 'failed-init', error: describe(error) });
}

async function load(boot: WorkerBoot): Promise<Handler> {
  const module: Record<string, unknown> = await import(pathToFileURL(boot.modulePath).href);
  const handler = module[boot.exportName];
  if (!isHandler(handler)) throw new Error(`${boot.modulePath} exports no function ${boot.exportName}`);
  return handler;
}

function isHandler(value: unknown): value is Handler {
  return typeof value === 'function';
}

async function invoke(handler: Handler, message: InvokeMessage): Promise<void> {
  const { requestId } = message;
  process.env._X_AMZN_TRACE_ID = message.traceId;
  try {
    const result = await handler(JSON.parse(message.event), contextOf(message));
    say({ kind: 'result', requestId, payload: JSON.stringify(result) ?? 'null' });
  } catch (error) {
    say({ kind: 'error', requestId, error: describe(error) });
  }
}

function contextOf(message: InvokeMessage) {
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionName: message.functionName,
    functionVersion: '$LATEST',
    invokedFunctionArn: message.functionArn,
    memoryLimitInMB: String(message.memorySize),
    awsRequestId: message.requestId,
    logGroupName: message.logGroup,
    logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME ?? '',
    getRemainingTimeInMillis: () => Math.max(0, message.deadline - Date.now()),
  };
}

function describe(error: unknown): FunctionErrorBody {
  if (!(error instanceof Error)) return { errorType: typeof error, errorMessage: String(error) };
  return { errorType: error.name, errorMessage: error.message, trace: (error.stack ?? '').split('\n') };
}
