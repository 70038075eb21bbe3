import { api } from '../lib/runtime/http.ts';
import { readRoutes } from '../lib/runtime/read-routes.ts';

export const handler = api(readRoutes());
