import { api } from '../lib/runtime/http.ts';
import { promotionRoutes } from '../lib/runtime/promotion-routes.ts';

export const handler = api(promotionRoutes());
