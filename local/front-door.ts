import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import { type Answer, awsErrorAnswer, ofSignature, send } from './answers.ts';
import { API_BODY_LIMIT, ApiGateway } from './api-gateway.ts';
import { isBelowStage, type LocalApi } from './api-model.ts';
import { classify } from './aws-call.ts';
import { DigestCheck, readBody, through } from './bodies.ts';
import { ChunkSignatureCheck, isChunkSigned } from './chunk-signatures.ts';
import { messageOf } from './errors.ts';
import { endedExecution, executionEvent } from './events/executions.ts';
import type { Faults } from './faults.ts';
import { type Identities, type Identity, sessionArn, userId } from './identities.ts';
import { inboxAnswer, isInboxPath } from './mail/inbox.ts';
import { iamPrefix, mentions } from './policies.ts';
import { closeServer, LOOPBACK, listen } from './ports.ts';
import { PublicDoor } from './public-door.ts';
import type { Recorder } from './recorder.ts';
import { ServiceCalls, type ServiceCallsOptions, type SignedCall } from './service-calls.ts';
import {
  declaredPayloadHash,
  headerValues,
  payloadHashOf,
  readClaim,
  type SignatureClaim,
  SignatureError,
  verifyClaim,
  type WireRequest,
} from './sigv4.ts';
import { wireRequestOf } from './wire-request.ts';

/** Larger than any request of the JSON and query services (DynamoDB: 16 MB). */
const SERVICE_BODY_LIMIT = 32 * 1024 * 1024;

export interface FrontDoorOptions extends ServiceCallsOptions {
  readonly identities: Identities;
  readonly recorder: Recorder;
  readonly faults: Faults;
  readonly region: string;
  readonly accountId: string;
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
  readonly #gateway: ApiGateway;
  readonly #calls: ServiceCalls;
  readonly #apis: LocalApi[] = [];
  readonly #publicDoors: PublicDoor[] = [];
  #endpoint = '';

  constructor(options: FrontDoorOptions) {
    this.#options = options;
    this.#gateway = new ApiGateway(options);
    this.#calls = new ServiceCalls(options);
    // A presigned upload of 5 GB outlasts Node's default of five minutes for a whole request.
    this.#server = createServer({ requestTimeout: 0 }, (request, response) => void this.#serve(request, response));
  }

  /** @returns the port. */
  async listen(port: number): Promise<number> {
    const taken = await listen(this.#server, port);
    this.#endpoint = `http://${LOOPBACK}:${taken}`;
    return taken;
  }

  /** Its address once it listens. */
  get endpoint(): string {
    return this.#endpoint;
  }

  /**
   * Serves an API whose callers sign, at the address of every other service.
   *
   * @throws Error if another API has a stage of that name: the stage is the first segment of the path here.
   */
  addApi(api: LocalApi): void {
    if (this.#apis.some((other) => other.stage === api.stage)) {
      throw new Error(`two APIs have a stage ${api.stage}; the front door tells APIs apart by their stage`);
    }
    this.#apis.push(api);
  }

  /**
   * Serves an API that anybody may call, at an address of its own.
   *
   * @returns its origin.
   */
  async openApi(api: LocalApi): Promise<string> {
    const door = new PublicDoor(this.#gateway, api);
    this.#publicDoors.push(door);
    return `http://${LOOPBACK}:${await door.listen()}`;
  }

  async close(): Promise<void> {
    await Promise.all([closeServer(this.#server), ...this.#publicDoors.map((door) => door.close())]);
    this.#calls.close();
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const requestId = randomUUID();
    const request = wireRequestOf(incoming);
    try {
      const api = this.#apis.find((candidate) => isBelowStage(candidate, request.path));
      const service = serviceOf(request);
      const ended = endedExecution(request.path);
      if (ended !== undefined) {
        await this.#announceEnd(ended, request, response);
      } else if (service === undefined && isInboxPath(request.path)) {
        this.#serveInbox(request, response);
      } else if (api !== undefined && (service ?? 'execute-api') === 'execute-api') {
        await this.#serveApi(api, request, incoming, response, requestId);
      } else if (service === 'execute-api') {
        // As AWS answers for an API that has no such stage.
        send(
          response,
          awsErrorAnswer(service, { status: 403, code: 'ForbiddenException', message: 'Forbidden' }, requestId),
        );
      } else {
        await this.#serveService(request, incoming, response, requestId);
      }
    } catch (error) {
      if (response.headersSent || response.destroyed) {
        response.destroy();
        return;
      }
      const service = serviceOf(request) ?? 's3';
      const known =
        error instanceof SignatureError
          ? ofSignature(service, error)
          : { status: 502, code: 'InternalFailure', message: `The local AWS failed: ${messageOf(error)}` };
      // What is left of the body is not read: the connection cannot be used again.
      response.setHeader('connection', 'close');
      send(response, awsErrorAnswer(service, known, requestId));
    }
  }

  /** Only moto knows the secret that it signs the calls of state machines with. */
  async #announceEnd(executionArn: string, request: WireRequest, response: ServerResponse): Promise<void> {
    const { identities, stepFunctions, bus } = this.#options;
    const isMoto = headerValues(request, 'authorization')[0] === `Bearer ${identities.stateMachineSecret}`;
    if (isMoto) bus.publish(executionEvent(await stepFunctions.describe(executionArn)));
    send(response, { status: isMoto ? 204 : 403, headers: {}, body: '' });
  }

  #serveInbox(request: WireRequest, response: ServerResponse): void {
    // A web page whose name was made to point at this machine would read the links in the mails.
    const host = headerValues(request, 'host')[0] ?? '';
    if (host.replace(/^localhost:/, `${LOOPBACK}:`) !== new URL(this.#endpoint).host) {
      send(response, { status: 403, headers: { 'content-type': 'text/plain' }, body: 'Not by this name.\n' });
      return;
    }
    send(response, inboxAnswer(this.#options.mailbox.mails, request.method, request.path));
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
    const { payloadHash, body } = await this.#payloadOf(request, claim, identity, incoming);
    verifyClaim(request, claim, identity.secretAccessKey, payloadHash, new Date());
    const call = classify(claim.service, request, body instanceof Uint8Array ? body : undefined);
    const signed: SignedCall = { request, claim, identity, payloadHash, body, call, requestId };

    if (claim.service === 'sts' && call.operation === 'GetCallerIdentity') {
      send(response, callerIdentity(identity, requestId));
      return;
    }
    const { statements } = identity.role;
    const prefix = iamPrefix(claim.service);
    if (statements !== 'everything' && !mentions(statements, prefix)) {
      const message = `User: ${sessionArn(identity)} is not authorized to perform: ${prefix}:${call.operation}`;
      const code = claim.service === 's3' ? 'AccessDenied' : 'AccessDeniedException';
      send(response, awsErrorAnswer(claim.service, { status: 403, code, message }, requestId));
      return;
    }

    const started = performance.now();
    const invocation = identity.workerId === undefined ? undefined : this.#options.host.invocationOf(identity.workerId);
    const effect = this.#options.faults.take(call, identity);
    const status = await this.#calls.perform(signed, effect, response);
    const ms = Math.round((performance.now() - started) * 100) / 100;
    this.#options.recorder.record({ identity, invocation }, call, request, { status, ms });
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
    identity: Identity,
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
    if (isChunkSigned(declared)) {
      return {
        payloadHash: declared,
        body: through(incoming, new ChunkSignatureCheck(claim, identity.secretAccessKey)),
      };
    }
    if (!/^[0-9a-f]{64}$/.test(declared)) return { payloadHash: declared, body: incoming };
    return { payloadHash: declared, body: through(incoming, new DigestCheck(declared)) };
  }
}

function requireClaim(request: WireRequest): SignatureClaim {
  const claim = readClaim(request);
  if (claim === undefined) throw new SignatureError('missing', 'Missing Authentication Token');
  return claim;
}

/** The service that a signature is scoped to, before anything of it is checked; undefined without a signature. */
function serviceOf(request: WireRequest): string | undefined {
  const authorization = headerValues(request, 'authorization')[0] ?? '';
  const credential =
    /Credential=([^,\s]+)/.exec(authorization)?.[1] ?? new URLSearchParams(request.query).get('X-Amz-Credential');
  return credential?.split('/')[3];
}

function callerIdentity(identity: Identity, requestId: string): Answer {
  const result = `<Arn>${sessionArn(identity)}</Arn><UserId>${userId(identity)}</UserId><Account>${identity.accountId}</Account>`;
  return {
    status: 200,
    headers: { 'content-type': 'text/xml', 'x-amzn-requestid': requestId },
    body: `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>${result}</GetCallerIdentityResult><ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata></GetCallerIdentityResponse>`,
  };
}
