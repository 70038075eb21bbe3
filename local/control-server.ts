import { randomBytes, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { z } from 'zod/mini';
import { readBody } from './bodies.ts';
import { messageOf } from './errors.ts';
import type { Faults } from './faults.ts';
import type { LambdaHost } from './lambda-host.ts';
import type { Mailbox } from './mail/mailbox.ts';
import { closeServer, listen } from './ports.ts';
import type { Recorder } from './recorder.ts';
import { controlSageMaker } from './sagemaker/control.ts';
import type { SageMaker } from './sagemaker/control-plane.ts';
import type { Visibility } from './visibility.ts';

const BODY_LIMIT = 64 * 1024;

const refusal = {
  status: z.int().check(z.minimum(400), z.maximum(599)),
  code: z.string(),
  message: z.exactOptional(z.string()),
};

const faultSchema = z.strictObject({
  match: z.strictObject({
    service: z.exactOptional(z.string()),
    operation: z.exactOptional(z.string()),
    identity: z.exactOptional(z.string()),
    keyPrefix: z.exactOptional(z.string()),
    table: z.exactOptional(z.string()),
  }),
  effect: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('refuse'), ...refusal }),
    z.strictObject({ kind: z.literal('execute-then-refuse'), ...refusal }),
    z.strictObject({ kind: z.literal('execute-then-drop') }),
    z.strictObject({ kind: z.literal('execute-then-kill') }),
    z.strictObject({ kind: z.literal('delay'), ms: z.int().check(z.minimum(0)) }),
  ]),
  skip: z.exactOptional(z.int().check(z.minimum(0))),
  times: z.exactOptional(z.int().check(z.minimum(1))),
});
const delaysSchema = z.strictObject({
  indexMs: z.exactOptional(z.int().check(z.minimum(0))),
  streamMs: z.exactOptional(z.int().check(z.minimum(0))),
});
const addressSchema = z.strictObject({ address: z.string() });
const recycleSchema = z.strictObject({ function: z.string() });

export interface ControlOptions {
  readonly recorder: Recorder;
  readonly faults: Faults;
  readonly visibility: Visibility;
  readonly host: LambdaHost;
  readonly sagemaker: SageMaker;
  readonly mailbox: Mailbox;
}

/** The loopback endpoint behind {@link LocalControl}. Its token keeps web pages and other users of the machine out. */
export class ControlServer {
  readonly token = randomBytes(24).toString('base64url');
  readonly #options: ControlOptions;
  readonly #server: Server;

  constructor(options: ControlOptions) {
    this.#options = options;
    this.#server = createServer((request, response) => {
      void this.#answer(request).then(({ status, body }) => {
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
      });
    });
  }

  /** @returns the port. */
  listen(): Promise<number> {
    return listen(this.#server, 0);
  }

  close(): Promise<void> {
    return closeServer(this.#server);
  }

  async #answer(request: IncomingMessage): Promise<{ readonly status: number; readonly body: unknown }> {
    if (!this.#isAllowed(request.headers.authorization ?? '')) return { status: 403, body: { error: 'wrong token' } };
    try {
      const bytes = await readBody(request, BODY_LIMIT);
      if (bytes === 'too-large') return { status: 413, body: { error: 'the body is too large' } };
      const text = Buffer.from(bytes).toString('utf8');
      const body = this.#perform(`${request.method} ${request.url}`, text === '' ? undefined : JSON.parse(text));
      return body === undefined ? { status: 404, body: { error: 'no such route' } } : { status: 200, body };
    } catch (error) {
      return { status: 400, body: { error: messageOf(error) } };
    }
  }

  #isAllowed(authorization: string): boolean {
    const given = Buffer.from(authorization);
    const wanted = Buffer.from(`Bearer ${this.token}`);
    return given.length === wanted.length && timingSafeEqual(given, wanted);
  }

  #perform(route: string, body: unknown): object | undefined {
    const { recorder, faults, visibility, host, sagemaker, mailbox } = this.#options;
    switch (route) {
      case 'GET /calls':
        return { calls: recorder.records };
      case 'GET /counters':
        return { counters: recorder.counters };
      case 'DELETE /calls':
        recorder.reset();
        return {};
      case 'GET /faults':
        return { armed: faults.armed };
      case 'POST /faults':
        faults.arm(faultSchema.parse(body));
        return {};
      case 'DELETE /faults':
        faults.clear();
        return {};
      case 'PUT /visibility': {
        const delays = delaysSchema.parse(body);
        visibility.delayIndexes(delays.indexMs ?? 0);
        visibility.delayStreams(delays.streamMs ?? 0);
        return {};
      }
      case 'POST /recycle':
        host.recycle(recycleSchema.parse(body).function);
        return {};
      case 'GET /mails':
        return { mails: mailbox.mails };
      case 'POST /mails/bounces':
        mailbox.answerWith('bounce', addressSchema.parse(body).address);
        return {};
      case 'POST /mails/complaints':
        mailbox.answerWith('complaint', addressSchema.parse(body).address);
        return {};
      default:
        return controlSageMaker(sagemaker, route, body);
    }
  }
}
