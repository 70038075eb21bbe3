import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { S3Client } from '@aws-sdk/client-s3';
import { API_BODY_LIMIT, ApiGateway } from './api-gateway.ts';
import type { LocalApi } from './api-model.ts';
import { type AwsCall, classify } from './aws-call.ts';
import { type Answer, awsErrorAnswer, ofSignature } from './aws-errors.ts';
import { DigestCheck, readBody } from './bodies.ts';
import { ConditionalCopies } from './conditional-copy.ts';
import type { FaultEffect, Faults } from './faults.ts';
import { type Identities, type Identity, sessionArn, userId } from './identities.ts';
import { invokeAnswer } from './invoke-api.ts';
import type { LambdaHost } from './lambda-host.ts';
import { EMULATOR_CREDENTIALS } from './ministack.ts';
import { mentions } from './policies.ts';
import { listen } from './ports.ts';
import type { Recorder } from './recorder.ts';
import {
  declaredPayloadHash,
  headerValues,
  payloadHashOf,
  readClaim,
  resign,
  type SignatureClaim,
  SignatureError,
  verifyClaim,
  type WireRequest,
} from './sigv4.ts';
import { Upstream, withoutHopByHop } from './upstream.ts';
import type { Visibility } from './visibility.ts';

/** Larger than any request of the JSON and query services (DynamoDB: 16 MB). */
const SERVICE_BODY_LIMIT = 32 * 1024 * 1024;

export interface FrontDoorOptions {
  readonly identities: Identities;
  readonly host: LambdaHost;
  readonly recorder: Recorder;
  readonly faults: Faults;
  readonly visibility: Visibility;
  readonly region: string;
  readonly accountId: string;
  readonly emulatorPort: number;
  /** Asks the emulator itself. */
  readonly emulatorS3: S3Client;
}

/** A request whose signature was checked. */
interface SignedCall {
  readonly request: WireRequest;
  readonly claim: SignatureClaim;
  readonly identity: Identity;
  readonly payloadHash: string;
  readonly body: Uint8Array | Readable;
  readonly call: AwsCall;
  readonly requestId: string;
}

/**
 * The one address of local AWS: every service, and the API, by the credential scope of the signature.
 *
 * Signatures are verified against the credentials of the identities, then the request is signed anew with the one pair
 * that the emulator knows. What AWS does and the emulator does not (API Gateway, Lambda) is answered here.
 */
export class FrontDoor {
  readonly #options: FrontDoorOptions;
  readonly #server: Server;
  readonly #upstream: Upstream;
  readonly #gateway: ApiGateway;
  readonly #copies: ConditionalCopies;
  readonly #apis: LocalApi[] = [];

  constructor(options: FrontDoorOptions) {
    this.#options = options;
    this.#upstream = new Upstream(options.emulatorPort);
    this.#gateway = new ApiGateway(options);
    this.#copies = new ConditionalCopies(options.emulatorS3);
    // A presigned upload of 5 GB outlasts Node's default of five minutes for a whole request.
    this.#server = createServer({ requestTimeout: 0 }, (request, response) => void this.#serve(request, response));
  }

  /** @returns the port. */
  listen(port: number): Promise<number> {
    return listen(this.#server, port);
  }

  /** @throws Error if another API has a stage of that name: the stage is the first segment of the path here. */
  addApi(api: LocalApi): void {
    if (this.#apis.some((other) => other.stage === api.stage)) {
      throw new Error(`two APIs have a stage ${api.stage}; the front door tells APIs apart by their stage`);
    }
    this.#apis.push(api);
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
    this.#upstream.close();
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const requestId = randomUUID();
    const [path = '/', query = ''] = splitOnce(incoming.url ?? '/', '?');
    const request: WireRequest = { method: incoming.method ?? 'GET', path, query, headers: incoming.rawHeaders };
    try {
      const api = this.#apis.find(({ stage }) => path === `/${stage}` || path.startsWith(`/${stage}/`));
      if (api !== undefined && serviceOf(request) === 'execute-api') {
        await this.#serveApi(api, request, incoming, response, requestId);
      } else {
        await this.#serveService(request, incoming, response, requestId);
      }
    } catch (error) {
      if (response.headersSent || response.destroyed) {
        response.destroy();
        return;
      }
      const service = serviceOf(request);
      const known =
        error instanceof SignatureError
          ? ofSignature(service, error)
          : { status: 502, code: 'InternalFailure', message: 'The local AWS could not pass this request on.' };
      // What is left of the body is not read: the connection cannot be used again.
      response.setHeader('connection', 'close');
      send(response, awsErrorAnswer(service, known, requestId));
    }
  }

  async #serveApi(
    api: LocalApi,
    request: WireRequest,
    incoming: IncomingMessage,
    response: ServerResponse,
    requestId: string,
  ): Promise<void> {
    const body = await readBody(incoming, API_BODY_LIMIT);
    const authenticate = (bytes: Uint8Array): Identity => {
      const claim = requireClaim(request);
      if (claim.service !== 'execute-api') {
        throw new SignatureError('mismatch', `Credential should be scoped to execute-api, not ${claim.service}`);
      }
      const identity = this.#identityOf(request, claim);
      verifyClaim(request, claim, identity.secretAccessKey, payloadHashOf(bytes), new Date());
      return identity;
    };
    send(response, await this.#gateway.handle({ api, request, body, requestId, authenticate }));
  }

  async #serveService(
    request: WireRequest,
    incoming: IncomingMessage,
    response: ServerResponse,
    requestId: string,
  ): Promise<void> {
    const claim = requireClaim(request);
    const identity = this.#identityOf(request, claim);
    const { payloadHash, body } = await this.#payloadOf(request, claim, incoming);
    verifyClaim(request, claim, identity.secretAccessKey, payloadHash, new Date());
    const call = classify(claim.service, request, body instanceof Uint8Array ? body : undefined);
    const signed: SignedCall = { request, claim, identity, payloadHash, body, call, requestId };

    if (claim.service === 'sts' && call.operation === 'GetCallerIdentity') {
      send(response, callerIdentity(identity, requestId));
      return;
    }
    const { statements } = identity.role;
    if (statements !== 'everything' && !mentions(statements, claim.service)) {
      const message = `User: ${sessionArn(identity)} is not authorized to perform: ${claim.service}:${call.operation}`;
      const code = claim.service === 's3' ? 'AccessDenied' : 'AccessDeniedException';
      send(response, awsErrorAnswer(claim.service, { status: 403, code, message }, requestId));
      return;
    }

    const started = performance.now();
    const invocation = identity.workerId === undefined ? undefined : this.#options.host.invocationOf(identity.workerId);
    const effect = this.#options.faults.take(call, identity);
    const status = await this.#perform(signed, effect, response);
    const ms = Math.round((performance.now() - started) * 100) / 100;
    this.#options.recorder.record({ identity, invocation }, call, request, { status, ms });
  }

  /** @returns the status that the service answered, or would have. */
  async #perform(signed: SignedCall, effect: FaultEffect | undefined, response: ServerResponse): Promise<number> {
    if (effect?.kind === 'delay') await delay(effect.ms);
    if (effect?.kind === 'refuse') {
      if (signed.body instanceof Readable) signed.body.resume();
      send(response, refusal(signed, effect));
      return effect.status;
    }
    if (signed.call.service === 'lambda') {
      const answer = await invokeAnswer(
        this.#options.host,
        signed.call,
        signed.request,
        await bytesOf(signed.body),
        signed.requestId,
      );
      send(response, answer);
      return answer.status;
    }
    const answer = await this.#execute(signed);
    if (answer === 'exists') {
      const message = 'At least one of the pre-conditions you specified did not hold';
      send(response, awsErrorAnswer('s3', { status: 412, code: 'PreconditionFailed', message }, signed.requestId));
      return 412;
    }
    const status = answer.statusCode ?? 502;
    const succeeded = status < 300;
    if (effect === undefined || effect.kind === 'delay') {
      if (succeeded) this.#options.visibility.noteWrite(signed.call);
      await this.#relay(signed, answer, response);
      return status;
    }
    // The write is done once the whole answer is here; only then may the caller lose it.
    await bytesOf(answer);
    if (succeeded) this.#options.visibility.noteWrite(signed.call);
    if (effect.kind === 'execute-then-refuse') send(response, refusal(signed, effect));
    else response.destroy();
    if (effect.kind === 'execute-then-kill' && signed.identity.workerId !== undefined) {
      await this.#options.host.kill(signed.identity.workerId);
    }
    return status;
  }

  async #execute(signed: SignedCall): Promise<IncomingMessage | 'exists'> {
    const { operation, resources } = signed.call;
    const isConditional = headerValues(signed.request, 'if-none-match').length > 0;
    if (operation !== 'CopyObject' || !isConditional) return this.#forward(signed);
    const copied = await this.#copies.copy(resources.bucket ?? '', resources.key ?? '', () => this.#forward(signed));
    return copied ?? 'exists';
  }

  #forward(signed: SignedCall): Promise<IncomingMessage> {
    const { request } = signed;
    const { query, headers } = resign(request, signed.claim, EMULATOR_CREDENTIALS, signed.payloadHash);
    const path = query === '' ? request.path : `${request.path}?${query}`;
    return this.#upstream.send({ method: request.method, path, headers, body: signed.body });
  }

  async #relay(signed: SignedCall, answer: IncomingMessage, response: ServerResponse): Promise<void> {
    const headers = withoutHopByHop(answer.rawHeaders);
    if (answer.headers['x-amzn-requestid'] === undefined) headers.push('x-amzn-requestid', signed.requestId);
    if (this.#options.visibility.concerns(signed.call) && answer.statusCode === 200) {
      const body = await this.#options.visibility.hide(signed.call, await bytesOf(answer), (input) =>
        this.#askAgain(signed, input),
      );
      // The emulator's checksum and length are those of the whole answer.
      const kept = headers.filter((_, at) => !/^(content-length|x-amz-crc32)$/i.test(headers[at - (at % 2)] ?? ''));
      response.writeHead(200, kept).end(body);
      return;
    }
    response.writeHead(answer.statusCode ?? 502, headers);
    await pipeline(answer, response);
  }

  async #askAgain(signed: SignedCall, input: Readonly<Record<string, unknown>>): Promise<Uint8Array> {
    const body = Buffer.from(JSON.stringify(input));
    const headers = signed.request.headers.map((value, at) =>
      signed.request.headers[at - 1]?.toLowerCase() === 'content-length' ? String(body.length) : value,
    );
    const request = { ...signed.request, headers };
    return bytesOf(await this.#forward({ ...signed, request, body, payloadHash: payloadHashOf(body) }));
  }

  #identityOf(request: WireRequest, claim: SignatureClaim): Identity {
    const identity = this.#options.identities.find(claim.accessKeyId);
    if (identity === undefined) {
      throw new SignatureError('unknown-key', 'The security token included in the request is invalid.');
    }
    const inQuery = new URLSearchParams(request.query).has('X-Amz-Security-Token');
    // Local credentials have no session token, so any token is one that was never issued.
    if (inQuery || headerValues(request, 'x-amz-security-token').length > 0) {
      throw new SignatureError('unknown-token', 'The security token included in the request is invalid.');
    }
    return identity;
  }

  /** S3 bodies are streamed, whatever their size; the others are small and are needed whole. */
  async #payloadOf(
    request: WireRequest,
    claim: SignatureClaim,
    incoming: IncomingMessage,
  ): Promise<{ readonly payloadHash: string; readonly body: Uint8Array | Readable }> {
    if (claim.service !== 's3') {
      const body = await readBody(incoming, SERVICE_BODY_LIMIT);
      if (body === 'too-large') throw new SignatureError('malformed', 'The request body is too large for any service');
      return { payloadHash: payloadHashOf(body), body };
    }
    const declared = declaredPayloadHash(request, claim);
    if (declared === undefined) {
      throw new SignatureError('malformed', 'Missing required header for this request: x-amz-content-sha256');
    }
    if (!/^[0-9a-f]{64}$/.test(declared)) return { payloadHash: declared, body: incoming };
    return { payloadHash: declared, body: incoming.pipe(new DigestCheck(declared)) };
  }
}

function requireClaim(request: WireRequest): SignatureClaim {
  const claim = readClaim(request);
  if (claim === undefined) throw new SignatureError('missing', 'Missing Authentication Token');
  return claim;
}

/** The service that a request seems to be for, before anything of it is checked. Unsigned ones of no API are S3's. */
function serviceOf(request: WireRequest): string {
  const authorization = headerValues(request, 'authorization')[0] ?? '';
  const credential =
    /Credential=([^,\s]+)/.exec(authorization)?.[1] ?? new URLSearchParams(request.query).get('X-Amz-Credential');
  if (credential === null) return 'execute-api';
  return credential.split('/')[3] ?? 's3';
}

function refusal(
  signed: SignedCall,
  effect: { readonly status: number; readonly code: string; readonly message?: string },
): Answer {
  const message = effect.message ?? 'Injected by the local AWS';
  return awsErrorAnswer(signed.call.service, { ...effect, message }, signed.requestId);
}

function callerIdentity(identity: Identity, requestId: string): Answer {
  const result = `<Arn>${sessionArn(identity)}</Arn><UserId>${userId(identity)}</UserId><Account>${identity.accountId}</Account>`;
  return {
    status: 200,
    headers: { 'content-type': 'text/xml', 'x-amzn-requestid': requestId },
    body: `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>${result}</GetCallerIdentityResult><ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata></GetCallerIdentityResponse>`,
  };
}

function send(response: ServerResponse, answer: Answer): void {
  for (const [name, value] of Object.entries(answer.headers)) {
    response.setHeader(name, typeof value === 'string' ? value : [...value]);
  }
  response.statusCode = answer.status;
  response.end(answer.body);
}

async function bytesOf(body: Uint8Array | Readable): Promise<Uint8Array> {
  if (body instanceof Uint8Array) return body;
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function splitOnce(text: string, separator: string): [string, string?] {
  const at = text.indexOf(separator);
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + separator.length)];
}
