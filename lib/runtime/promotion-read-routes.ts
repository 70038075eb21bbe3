import { dynamoPromotions } from '../adapters/dynamodb/promotions.ts';
import { Env } from '../contracts/env.ts';
import { DomainError } from '../core/errors.ts';
import { EndpointSchema } from '../core/requests.ts';
import { parseWith } from '../core/schema.ts';
import { digestParameter } from './answers.ts';
import { dynamo } from './composition.ts';
import { required } from './environment.ts';
import type { RouteTable } from './http.ts';
import { promotionJson } from './promotion-answers.ts';

/** Promotions of an endpoint that ended, at most. */
const ENDED = 100;

/** What is told of promotions. */
export function promotionReadRoutes(): RouteTable {
  const promotions = dynamoPromotions(dynamo(), required(Env.WORKFLOW_TABLE));
  return {
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
      const open = await promotions.open();
      const { endpoint } = request.query;
      if (endpoint === undefined) return { status: 200, body: { promotions: open } };
      const name = parseWith(EndpointSchema, endpoint, 'REQUEST_INVALID');
      const ended = await promotions.ended(name, ENDED);
      const ofEndpoint = open.filter((promotion) => promotion.endpoint === name);
      // Both lists are as old as an index is: what ended this second may be in both.
      const over = ended.filter(({ id }) => !ofEndpoint.some((one) => one.id === id));
      return { status: 200, body: { promotions: [...ofEndpoint, ...over] } };
    },
  };
}
