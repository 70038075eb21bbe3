import { api } from '../lib/runtime/http.ts';
import { policyRoutes } from '../lib/runtime/policy-routes.ts';

export const handler = api(policyRoutes());
