import { api } from '../lib/runtime/http.ts';
import { webhookRoutes } from '../lib/runtime/webhook-routes.ts';

export const handler = api(webhookRoutes());
