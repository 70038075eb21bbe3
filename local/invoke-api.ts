import { type Answer, awsErrorAnswer } from './answers.ts';
import { LAMBDA_PAYLOAD_LIMIT } from './api-gateway.ts';
import type { AwsCall } from './aws-call.ts';
import type { LambdaHost } from './lambda-host.ts';
import { headerValues, type WireRequest } from './sigv4.ts';

/** Largest event of an asynchronous invocation: 1 MB since October 2025. */
const ASYNC_PAYLOAD_LIMIT = 1024 * 1024;

/** Lambda's Invoke operation ("Invoke", AWS Lambda API Reference) over the local host. */
export async function invokeAnswer(
  host: LambdaHost,
  call: AwsCall,
  request: WireRequest,
  body: Uint8Array,
  requestId: string,
): Promise<Answer> {
  const refuse = (status: number, code: string, message: string) =>
    awsErrorAnswer('lambda', { status, code, message }, requestId);
  const name = call.resources.function;
  if (name === undefined) return refuse(501, 'NotImplemented', 'Of Lambda, only Invoke is played on one machine');
  if (host.find(name) === undefined) return refuse(404, 'ResourceNotFoundException', `Function not found: ${name}`);

  const event = body.length === 0 ? '{}' : Buffer.from(body).toString('utf8');
  if (!isJson(event)) {
    return refuse(400, 'InvalidRequestContentException', 'Could not parse request body into json');
  }
  const type = headerValues(request, 'x-amz-invocation-type')[0] ?? 'RequestResponse';
  const limit = type === 'Event' ? ASYNC_PAYLOAD_LIMIT : LAMBDA_PAYLOAD_LIMIT;
  if (body.length > limit) {
    return refuse(
      413,
      'RequestTooLargeException',
      `Request must be smaller than ${limit} bytes for the Invoke operation`,
    );
  }
  const headers = { 'x-amzn-requestid': requestId, 'content-type': 'application/json' };
  if (type === 'DryRun') return { status: 204, headers, body: '' };
  if (type === 'Event') {
    host.invokeLater(name, event, requestId);
    return { status: 202, headers, body: '' };
  }
  const outcome = await host.invoke(name, event, requestId);
  const executed = { ...headers, 'x-amz-executed-version': '$LATEST' };
  if (outcome.kind === 'function-error') {
    return {
      status: 200,
      headers: { ...executed, 'x-amz-function-error': 'Unhandled' },
      body: JSON.stringify(outcome.error),
    };
  }
  if (Buffer.byteLength(outcome.payload) > LAMBDA_PAYLOAD_LIMIT) {
    const error = {
      errorType: 'Function.ResponseSizeTooLarge',
      errorMessage: `Response payload size exceeded maximum allowed payload size (${LAMBDA_PAYLOAD_LIMIT} bytes).`,
    };
    return { status: 200, headers: { ...executed, 'x-amz-function-error': 'Unhandled' }, body: JSON.stringify(error) };
  }
  return { status: 200, headers: executed, body: outcome.payload };
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
