import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Answer } from './answers.ts';
import { type LocalApi, matchRoute, type RouteMatch } from './api-model.ts';
import { type GatewayContext, type GatewayResponseType, gatewayResponse } from './gateway-response.ts';
import { type Identity, sessionArn } from './identities.ts';
import type { LambdaHost } from './lambda-host.ts';
import { newTraceId } from './lambda-host.ts';
import { allows } from './policies.ts';
import { proxyEvent, readProxyResult } from './proxy-event.ts';
import { SignatureError, type SignatureFault, type WireRequest } from './sigv4.ts';

/** Largest request body of a REST API. */
export const API_BODY_LIMIT = 10 * 1024 * 1024;
/** Largest request and response of a synchronous Lambda invocation: 6 MB, as the service counts them. */
export const LAMBDA_PAYLOAD_LIMIT = 6 * 1024 * 1024;

const RESPONSE_OF_FAULT: Readonly<Record<SignatureFault, GatewayResponseType>> = {
  missing: 'MISSING_AUTHENTICATION_TOKEN',
  malformed: 'INVALID_SIGNATURE',
  'unknown-key': 'INVALID_SIGNATURE',
  mismatch: 'INVALID_SIGNATURE',
  expired: 'INVALID_SIGNATURE',
  skewed: 'INVALID_SIGNATURE',
  'unsigned-header': 'INVALID_SIGNATURE',
  'unknown-token': 'INVALID_SIGNATURE',
  'payload-mismatch': 'INVALID_SIGNATURE',
};

/** One request to the API, after its body was read and before anything of it was checked. */
export interface ApiRequest {
  readonly api: LocalApi;
  readonly request: WireRequest;
  /** `too-large` where the body passed {@link API_BODY_LIMIT}. */
  readonly body: Uint8Array | 'too-large';
  readonly requestId: string;
  /** The verified signer, or why there is none. Called only for routes that ask for it. */
  readonly authenticate: (body: Uint8Array) => Identity;
}

/** API Gateway's data plane for the REST API of the template. */
export class ApiGateway {
  readonly #host: LambdaHost;
  readonly #region: string;
  readonly #accountId: string;

  constructor(options: { readonly host: LambdaHost; readonly region: string; readonly accountId: string }) {
    this.#host = options.host;
    this.#region = options.region;
    this.#accountId = options.accountId;
  }

  async handle(input: ApiRequest): Promise<Answer> {
    const { api, request } = input;
    const path = request.path.slice(`/${api.stage}`.length) || '/';
    const context: GatewayContext = {
      requestId: input.requestId,
      extendedRequestId: randomBytes(11).toString('base64url'),
      path: request.path,
      httpMethod: request.method,
      stage: api.stage,
      apiId: api.id,
      'identity.sourceIp': '127.0.0.1',
    };
    const refuse = (type: GatewayResponseType, message: string) => gatewayResponse(api, type, message, context);

    if (input.body === 'too-large') return refuse('REQUEST_TOO_LARGE', 'Request Entity Too Large');
    const match = matchRoute(api.routes, request.method, path);
    // AWS answers an unknown route exactly as a missing signature, so that routes cannot be listed by trying.
    if (match === undefined) return refuse('MISSING_AUTHENTICATION_TOKEN', 'Missing Authentication Token');

    let identity: Identity | undefined;
    if (match.route.authorization === 'AWS_IAM') {
      try {
        identity = input.authenticate(input.body);
      } catch (error) {
        if (!(error instanceof SignatureError)) throw error;
        return refuse(RESPONSE_OF_FAULT[error.fault], error.message);
      }
      const resource = `arn:aws:execute-api:${this.#region}:${this.#accountId}:${api.id}/${api.stage}/${request.method}${path}`;
      if (!mayInvoke(identity, resource)) {
        const message = `User: ${sessionArn(identity)} is not authorized to perform: execute-api:Invoke on resource: ${resource}`;
        return refuse('ACCESS_DENIED', message);
      }
    }
    return this.#integrate({ ...input, body: input.body }, match, path, identity, context);
  }

  async #integrate(
    input: ApiRequest & { readonly body: Uint8Array },
    match: RouteMatch,
    path: string,
    identity: Identity | undefined,
    context: GatewayContext,
  ): Promise<Answer> {
    const { api } = input;
    const refuse = (type: GatewayResponseType, message: string) => gatewayResponse(api, type, message, context);
    const traceId = newTraceId();
    const event = JSON.stringify(
      proxyEvent({
        ...input,
        match,
        path,
        identity,
        accountId: this.#accountId,
        extendedRequestId: context.extendedRequestId ?? '',
        traceId,
        now: new Date(),
      }),
    );
    if (Buffer.byteLength(event) > LAMBDA_PAYLOAD_LIMIT) return refuse('REQUEST_TOO_LARGE', 'Request Too Long');

    const timeout = new AbortController();
    const outcome = await Promise.race([
      this.#host.invoke(match.route.functionName, event, crypto.randomUUID(), traceId),
      delay(match.route.timeoutMs, 'timeout' as const, { signal: timeout.signal }).catch(() => 'timeout' as const),
    ]);
    timeout.abort();
    if (outcome === 'timeout') return refuse('INTEGRATION_TIMEOUT', 'Endpoint request timed out');
    if (outcome.kind === 'function-error' || Buffer.byteLength(outcome.payload) > LAMBDA_PAYLOAD_LIMIT) {
      return refuse('MALFORMED_PROXY_RESPONSE', 'Internal server error');
    }
    const answer = readProxyResult(outcome.payload, api);
    if (answer === undefined) return refuse('MALFORMED_PROXY_RESPONSE', 'Internal server error');
    return {
      ...answer,
      headers: {
        ...answer.headers,
        'x-amzn-RequestId': input.requestId,
        'x-amz-apigw-id': context.extendedRequestId ?? '',
        'X-Amzn-Trace-Id': traceId.split(';')[0] ?? traceId,
      },
    };
  }
}

function mayInvoke(identity: Identity, resource: string): boolean {
  // The local administrator stands for people with direct AWS access. Evidence comes in by the roles of the API only.
  if (identity.role.statements === 'everything') return false;
  return allows(identity.role.statements, 'execute-api:Invoke', resource);
}
