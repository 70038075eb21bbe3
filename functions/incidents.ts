import { api } from '../lib/runtime/http.ts';
import { incidentRoutes } from '../lib/runtime/incident-routes.ts';

export const handler = api(incidentRoutes());
