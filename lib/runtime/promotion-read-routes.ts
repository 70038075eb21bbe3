import { dynamoDecided } from '../adapters/dynamodb/approvals.ts';
import { dynamoAsks, dynamoPromotions } from '../adapters/dynamodb/promotions.ts';
import { Env } from '../contracts/env.ts';
import { DomainError } from '../core/errors.ts';
import { isSameEndpoint } from '../core/layout.ts';
import { EndpointSchema, PrincipalNameSchema } from '../core/requests.ts';
import { parseWith } from '../core/schema.ts';
import { cursorOf, digestParameter, paging } from './answers.ts';
import { dynamo, log } from './composition.ts';
import { required } from './environment.ts';
import type { RouteTable } from './http.ts';
import { askedOf, promotionJson } from './promotion-answers.ts';

/** Promotions of an endpoint that ended, at most. */
const ENDED = 100;

/** How the sort keys of decisions look: a time, the evidence, and the model. */
const DECISION_ORDER = /^[0-9T:.Z-]{24}#[0-9a-f]{64}#[0-9a-f]{64}$/;

/** What is told of promotions. */
export function promotionReadRoutes(): RouteTable {
  const table = required(Env.WORKFLOW_TABLE);
  const promotions = dynamoPromotions(dynamo(), table);
  const asks = dynamoAsks(dynamo(), table);
  const decided = dynamoDecided(dynamo(), table);
  return {
    'GET /v1/approvals': async (request) => {
      const person = parseWith(PrincipalNameSchema, request.query.person, 'REQUEST_INVALID', '/person');
      const [open, page] = await Promise.all([asks.open(log), decided.by(person, paging(request, DECISION_ORDER))]);
      const asked = open.flatMap((ask) => askedOf(ask, person) ?? []);
      return { status: 200, body: { person, asked, decided: page.items, next: cursorOf(page.next) } };
    },
    'GET /v1/promotions/{id}': async (request) => {
      const id = digestParameter(request, 'id');
      const standing = await promotions.find(id);
      if (!standing) {
        throw new DomainError('NOT_FOUND', `there is no promotion ${id}`, {
          hint: '`countersign promotion list` lists those that are under way',
        });
      }
      return { status: 200, body: promotionJson(standing.promotion, standing.asks) };
    },
    'GET /v1/promotions': async (request) => {
      const open = await promotions.open(log);
      const { endpoint } = request.query;
      if (endpoint === undefined) return { status: 200, body: { promotions: open } };
      const name = parseWith(EndpointSchema, endpoint, 'REQUEST_INVALID');
      const ended = await promotions.ended(name, ENDED, log);
      const ofEndpoint = open.filter((promotion) => isSameEndpoint(promotion.endpoint, name));
      // Both lists are as old as an index is: what ended this second may be in both.
      const over = ended.filter(({ id }) => !ofEndpoint.some((one) => one.id === id));
      return { status: 200, body: { promotions: [...ofEndpoint, ...over] } };
    },
  };
}
