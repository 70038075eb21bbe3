import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { send } from './answers.ts';
import { API_BODY_LIMIT, type ApiGateway } from './api-gateway.ts';
import { isBelowStage, type LocalApi } from './api-model.ts';
import { readBody } from './bodies.ts';
import { closeServer, listen } from './ports.ts';
import { wireRequestOf } from './wire-request.ts';

/**
 * A public API on an origin of its own. On AWS every API has a host name; here it has a port, so that a browser keeps
 * its pages apart from the inbox and from everything else of local AWS.
 */
export class PublicDoor {
  readonly #gateway: ApiGateway;
  readonly #api: LocalApi;
  readonly #server: Server;

  constructor(gateway: ApiGateway, api: LocalApi) {
    this.#gateway = gateway;
    this.#api = api;
    this.#server = createServer((request, response) => void this.#serve(request, response));
  }

  /** @returns the port. */
  listen(): Promise<number> {
    return listen(this.#server, 0);
  }

  close(): Promise<void> {
    return closeServer(this.#server);
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const request = wireRequestOf(incoming);
    const requestId = randomUUID();
    try {
      const body = await readBody(incoming, API_BODY_LIMIT);
      if (!isBelowStage(this.#api, request.path)) {
        // As AWS answers for an API that has no such stage.
        refuse(response, 403, 'Forbidden');
        return;
      }
      send(response, await this.#gateway.handle({ api: this.#api, request, body, requestId, authenticate: nobody }));
    } catch {
      if (response.headersSent) response.destroy();
      else refuse(response, 500, 'Internal server error');
    }
  }
}

/** No route of a public API asks who calls. */
function nobody(): never {
  throw new Error('a public API has no callers that sign');
}

function refuse(response: ServerResponse, status: number, message: string): void {
  send(response, { status, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ message }) });
}
