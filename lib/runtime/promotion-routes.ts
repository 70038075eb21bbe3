import { rollBackEndpoint } from '../app/promotion/emergency.ts';
import { requestPromotion } from '../app/promotion/start.ts';
import { cancelOwnPromotion, confirmPromotion } from '../app/promotion/stop.ts';
import { PromotionReasonSchema, RequestPromotionSchema, RollBackSchema } from '../core/promotion/requests.ts';
import { EndpointSchema } from '../core/requests.ts';
import { parseWith } from '../core/schema.ts';
import { digestParameter } from './answers.ts';
import { jsonBody, type RouteTable } from './http.ts';
import { promotionAnswer } from './promotion-answers.ts';
import { promotionDeps } from './promotion-deps.ts';

/** What starts promotions, and stops them. */
export function promotionRoutes(): RouteTable {
  const deps = promotionDeps();
  return {
    'POST /v1/promotions': async (request) => {
      const wanted = jsonBody(RequestPromotionSchema, request);
      return promotionAnswer(await requestPromotion(deps, wanted, request.caller, 'promotion'));
    },
    'POST /v1/promotions/break-glass': async (request) => {
      const wanted = jsonBody(RequestPromotionSchema, request);
      return promotionAnswer(await requestPromotion(deps, wanted, request.caller, 'break_glass'));
    },
    'POST /v1/promotions/{id}/confirm': async (request) => {
      const { reason } = jsonBody(PromotionReasonSchema, request);
      const promotion = await confirmPromotion(deps, digestParameter(request, 'id'), reason, request.caller);
      return promotionAnswer({ created: false, promotion });
    },
    'POST /v1/promotions/{id}/cancel': async (request) => {
      const { reason } = jsonBody(PromotionReasonSchema, request);
      const promotion = await cancelOwnPromotion(deps, digestParameter(request, 'id'), reason, request.caller);
      return promotionAnswer({ created: false, promotion });
    },
    'POST /v1/releases/{endpoint}/rollback': async (request) => {
      const wanted = jsonBody(RollBackSchema, request);
      const endpoint = parseWith(EndpointSchema, request.path.endpoint, 'REQUEST_INVALID');
      return promotionAnswer(await rollBackEndpoint(deps, endpoint, wanted, request.caller));
    },
  };
}
