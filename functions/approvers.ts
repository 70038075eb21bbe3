import { approverRoutes } from '../lib/runtime/approver-routes.ts';
import { api } from '../lib/runtime/http.ts';

export const handler = api(approverRoutes());
