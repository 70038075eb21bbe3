import { dynamoReleases } from '../adapters/dynamodb/releases.ts';
import { Env } from '../contracts/env.ts';
import { DomainError } from '../core/errors.ts';
import { timelineOf } from '../core/release-view.ts';
import { EndpointSchema, InstantSchema } from '../core/requests.ts';
import { parseWith } from '../core/schema.ts';
import { cursorOf, digestParameter, paging } from './answers.ts';
import { dynamo } from './composition.ts';
import { required } from './environment.ts';
import type { Request, RouteTable } from './http.ts';

/** How the sort keys of releases look: a time, the id of a promotion, and the endpoint where a model's are listed. */
const RELEASE_ORDER = /^[0-9T:.Z-]{24}#[0-9a-f]{64}(#[A-Za-z0-9-]{1,63})?$/;

/** Releases that a page shows. */
const SHOWN = 50;

/** What is told of releases. */
export function releaseRoutes(): RouteTable {
  const releases = dynamoReleases(dynamo(), required(Env.WORKFLOW_TABLE));
  return {
    'GET /v1/releases/{endpoint}': async (request) => {
      const endpoint = endpointOf(request);
      const { at } = request.query;
      if (at !== undefined) return { status: 200, body: await servedAt(endpoint, at) };
      const { items, next } = await releases.list(endpoint, paging(request, RELEASE_ORDER));
      return { status: 200, body: { endpoint, releases: items, next: cursorOf(next) } };
    },
    'GET /v1/releases/{endpoint}/timeline': async (request) => {
      const endpoint = endpointOf(request);
      // No other route renders a page.
      const [{ renderTimelinePage }, { items, next }] = await Promise.all([
        import('../core/pages/timeline/page.ts'),
        releases.list(endpoint, { limit: SHOWN }),
      ]);
      const at = new Date().toISOString();
      const { html, headers } = renderTimelinePage(timelineOf(endpoint, items, { at, more: next !== undefined }));
      return { status: 200, body: Buffer.from(html), contentType: 'text/html; charset=utf-8', headers };
    },
    'GET /v1/models/{sha256}/releases': async (request) => {
      const model = digestParameter(request);
      const { items, next } = await releases.ofModel(model, paging(request, RELEASE_ORDER));
      return { status: 200, body: { model, releases: items, next: cursorOf(next) } };
    },
  };

  /** What was released last by then, and until when that was so: null of what still is. */
  async function servedAt(endpoint: string, text: string): Promise<object> {
    const at = parseWith(InstantSchema, text, 'REQUEST_INVALID', '/at');
    if (at > new Date().toISOString()) {
      throw new DomainError('REQUEST_INVALID', 'at must not lie in the future', { pointer: '/at' });
    }
    const [{ items }, next] = await Promise.all([
      releases.list(endpoint, { limit: 1, notAfter: at }),
      releases.next(endpoint, at),
    ]);
    return { endpoint, at, release: items[0] ?? null, until: next?.released_at ?? null };
  }
}

function endpointOf(request: Request): string {
  return parseWith(EndpointSchema, request.path.endpoint, 'REQUEST_INVALID');
}
