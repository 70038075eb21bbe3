import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { PAGE_ROUTES } from '../../lib/contracts/routes.ts';
import type { ApprovalPagesDeps } from '../../lib/runtime/approval-pages.ts';
import { pages } from '../../lib/runtime/pages.ts';
import { listening } from './oidc-provider.ts';

export interface PagesServer {
  /** Base of the pages, without a slash at its end. */
  readonly url: string;
  /** From now on the handler of the pages answers. */
  serve(deps: ApprovalPagesDeps): void;
  close(): Promise<void>;
}

/** The pages' own handler behind HTTP, with requests as API Gateway hands them over. */
export async function pagesServer(): Promise<PagesServer> {
  let handler: ReturnType<typeof pages> | undefined;
  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? '', 'http://unused');
    const found = PAGE_ROUTES.find(
      ({ method, path }) => method === request.method && patternOf(path).test(url.pathname),
    );
    if (!handler || !found) {
      response.writeHead(403).end();
      return;
    }
    const link = patternOf(found.path).exec(url.pathname)?.[1];
    const event = {
      httpMethod: found.method,
      resource: found.path,
      headers: { ...request.headers, 'X-Forwarded-Proto': 'http' },
      pathParameters: link === undefined ? null : { link },
      multiValueQueryStringParameters: Object.fromEntries(
        [...new Set(url.searchParams.keys())].map((name) => [name, url.searchParams.getAll(name)]),
      ),
      requestContext: { path: url.pathname, domainName: request.headers.host, requestId: 'r' },
      body: await text(request),
      isBase64Encoded: false,
    };
    const { statusCode, headers, multiValueHeaders, body } = await handler(JSON.parse(JSON.stringify(event)), CONTEXT);
    response.writeHead(statusCode, JSON.parse(JSON.stringify({ ...headers, ...multiValueHeaders }))).end(body);
  });
  const port = await listening(server);
  return {
    url: `http://127.0.0.1:${port}/local`,
    serve: (deps) => {
      handler = pages(deps);
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const patternOf = (path: string): RegExp => new RegExp(`^/local${path.replace('{link}', '([^/]+)')}$`);

/** What of Lambda's the handler reads. */
const CONTEXT: Parameters<ReturnType<typeof pages>>[1] = JSON.parse('{"awsRequestId":"r"}');
