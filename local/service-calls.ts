import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { S3Client } from '@aws-sdk/client-s3';
import { type Answer, awsErrorAnswer, send } from './answers.ts';
import type { AwsCall } from './aws-call.ts';
import { bytesOf } from './bodies.ts';
import type { EventBus } from './events/bus.ts';
import { publishTaken } from './events/put-events.ts';
import type { FaultEffect } from './faults.ts';
import type { Identity } from './identities.ts';
import { invokeAnswer } from './invoke-api.ts';
import type { LambdaHost } from './lambda-host.ts';
import type { Mailbox } from './mail/mailbox.ts';
import { sendEmail } from './mail/ses-call.ts';
import { EMULATOR_CREDENTIALS } from './ministack.ts';
import { MultipartLocks } from './multipart-locks.ts';
import type { SageMaker } from './sagemaker/control-plane.ts';
import { sagemakerAnswer } from './sagemaker/wire.ts';
import { payloadHashOf, resign, type SignatureClaim, type WireRequest } from './sigv4.ts';
import type { StepFunctions } from './step-functions.ts';
import { Upstream, wholeAnswer, withoutHopByHop } from './upstream.ts';
import type { Visibility } from './visibility.ts';

/** A request whose signature was checked. */
export interface SignedCall {
  readonly request: WireRequest;
  readonly claim: SignatureClaim;
  readonly identity: Identity;
  readonly payloadHash: string;
  readonly body: Uint8Array | Readable;
  readonly call: AwsCall;
  readonly requestId: string;
}

export interface ServiceCallsOptions {
  readonly host: LambdaHost;
  readonly visibility: Visibility;
  readonly emulatorPort: number;
  /** Port of the emulator of Step Functions. */
  readonly motoPort: number;
  readonly stepFunctions: StepFunctions;
  readonly sagemaker: SageMaker;
  readonly bus: EventBus;
  readonly mailbox: Mailbox;
  /** Asks the emulator itself. */
  readonly emulatorS3: S3Client;
}

/** Effects that let the call be executed, and then keep its outcome from the caller. */
type Loss = Extract<FaultEffect, { kind: `execute-then-${string}` }>;

/** Carries out the calls of callers that are known: by an emulator, the Lambda host, or the SageMaker of this process. */
export class ServiceCalls {
  readonly #host: LambdaHost;
  readonly #visibility: Visibility;
  readonly #upstream: Upstream;
  readonly #moto: Upstream;
  readonly #stepFunctions: StepFunctions;
  readonly #sagemaker: SageMaker;
  readonly #bus: EventBus;
  readonly #mailbox: Mailbox;
  readonly #locks: MultipartLocks;

  constructor(options: ServiceCallsOptions) {
    this.#host = options.host;
    this.#visibility = options.visibility;
    this.#upstream = new Upstream(options.emulatorPort);
    this.#moto = new Upstream(options.motoPort);
    this.#stepFunctions = options.stepFunctions;
    this.#sagemaker = options.sagemaker;
    this.#bus = options.bus;
    this.#mailbox = options.mailbox;
    this.#locks = new MultipartLocks(options.emulatorS3);
  }

  close(): void {
    this.#upstream.close();
    this.#moto.close();
  }

  /** @returns the status that the service answered, whether the caller saw it or not. */
  async perform(signed: SignedCall, effect: FaultEffect | undefined, response: ServerResponse): Promise<number> {
    if (effect?.kind === 'delay') await delay(effect.ms);
    if (effect?.kind === 'refuse') {
      if (signed.body instanceof Readable) signed.body.resume();
      send(response, refusal(signed, effect));
      return effect.status;
    }
    const answer = await this.#execute(signed);
    const status = 'status' in answer ? answer.status : (answer.statusCode ?? 502);
    if (status < 300) this.#visibility.noteWrite(signed.call);
    if (effect !== undefined && effect.kind !== 'delay') {
      // The call has taken effect once the whole answer is here; only then may the caller lose it.
      if (!('status' in answer)) await bytesOf(answer);
      await this.#lose(signed, effect, response);
    } else if ('status' in answer) {
      send(response, answer);
    } else {
      await this.#relay(signed, answer, response);
    }
    return status;
  }

  /** @returns an answer of our own, or the head of the emulator's. */
  async #execute(signed: SignedCall): Promise<Answer | IncomingMessage> {
    const { call, request, requestId } = signed;
    if (call.service === 'lambda') {
      return invokeAnswer(this.#host, call, request, await bytesOf(signed.body), requestId);
    }
    if (call.service === 'sagemaker') return sagemakerAnswer(this.#sagemaker, call, requestId);
    if (call.service === 'ses' && call.operation === 'SendEmail') {
      return sendEmail(this.#mailbox, call, requestId, async () => wholeAnswer(await this.#forward(signed), requestId));
    }
    if (call.service === 'events' && call.operation === 'PutEvents') {
      const answer = await wholeAnswer(await this.#forward(signed), requestId);
      if (answer.status === 200) publishTaken(this.#bus, call, answer.body);
      return answer;
    }
    const { bucket = '', key = '' } = call.resources;
    if (call.operation === 'CreateMultipartUpload') this.#locks.begun(bucket, key, request);
    if (call.service === 'states') await this.#stepFunctions.ready();
    const answer = await this.#forward(signed);
    if (call.operation === 'CompleteMultipartUpload') await this.#locks.completed(bucket, key, answer);
    return answer;
  }

  #forward(signed: SignedCall): Promise<IncomingMessage> {
    const { request } = signed;
    const { query, headers } = resign(request, signed.claim, EMULATOR_CREDENTIALS, signed.payloadHash);
    const path = query === '' ? request.path : `${request.path}?${query}`;
    const upstream = signed.call.service === 'states' ? this.#moto : this.#upstream;
    return upstream.send({ method: request.method, path, headers, body: signed.body });
  }

  async #lose(signed: SignedCall, effect: Loss, response: ServerResponse): Promise<void> {
    if (effect.kind === 'execute-then-refuse') {
      send(response, refusal(signed, effect));
      return;
    }
    response.destroy();
    const { workerId } = signed.identity;
    if (effect.kind === 'execute-then-kill' && workerId !== undefined) await this.#host.kill(workerId);
  }

  async #relay(signed: SignedCall, answer: IncomingMessage, response: ServerResponse): Promise<void> {
    const headers = withoutHopByHop(answer.rawHeaders);
    if (answer.headers['x-amzn-requestid'] === undefined) headers.push('x-amzn-requestid', signed.requestId);
    if (this.#visibility.concerns(signed.call) && answer.statusCode === 200) {
      const askAgain = (input: Readonly<Record<string, unknown>>) => this.#askAgain(signed, input);
      const body = await this.#visibility.hide(signed.call, await bytesOf(answer), askAgain);
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
}

function refusal(signed: SignedCall, effect: Extract<FaultEffect, { code: string }>): Answer {
  const message = effect.message ?? 'Injected by the local AWS';
  return awsErrorAnswer(signed.call.service, { ...effect, message }, signed.requestId);
}
