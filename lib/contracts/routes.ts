import type { Role } from './roles.ts';

/** One Lambda serves one route group. The group's name is the handler's file name in functions/. */
export type RouteGroup =
  | 'intake'
  | 'artifacts'
  | 'reader'
  | 'registry'
  | 'holds'
  | 'gates'
  | 'policies'
  | 'approvers'
  | 'promotions'
  | 'incidents'
  | 'webhooks';

export interface Route {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Path as API Gateway writes it, with `{parameters}`. */
  readonly path: string;
  readonly group: RouteGroup;
  /** Roles whose managed policy allows `execute-api:Invoke` on the route. */
  readonly roles: readonly Role[];
}

const READERS = [
  'reader',
  'auditor',
  'operator',
  'producer',
  'key-admin',
  'legal-hold',
  'promoter',
  'break-glass-promoter',
  'emergency-rollback',
  'policy-author',
  'policy-approver',
] as const;

/** Who may see who is asked, by ids. */
const DIRECTORY_READERS = ['people-admin', 'promoter', 'auditor', 'operator'] as const;

/** The machine API. The template, the front door, the managed policies and OpenAPI are all made from this table. */
export const ROUTES = [
  { method: 'POST', path: '/v1/manifests', group: 'intake', roles: ['producer'] },
  { method: 'POST', path: '/v1/attestations', group: 'intake', roles: ['producer'] },
  { method: 'POST', path: '/v1/artifacts', group: 'artifacts', roles: ['producer'] },
  { method: 'POST', path: '/v1/artifacts/{sha256}/parts', group: 'artifacts', roles: ['producer'] },
  { method: 'POST', path: '/v1/artifacts/{sha256}/complete', group: 'artifacts', roles: ['producer'] },
  { method: 'GET', path: '/v1/artifacts/{sha256}', group: 'reader', roles: READERS },
  { method: 'GET', path: '/v1/artifacts/{sha256}/content', group: 'reader', roles: READERS },
  { method: 'GET', path: '/v1/evidence/{sha256}', group: 'reader', roles: READERS },
  { method: 'GET', path: '/v1/evidence/{sha256}/attestation', group: 'reader', roles: READERS },
  { method: 'GET', path: '/v1/evidence/{sha256}/receipt', group: 'reader', roles: READERS },
  { method: 'GET', path: '/v1/runs/{run_id}', group: 'reader', roles: READERS },
  { method: 'GET', path: '/v1/models/{sha256}', group: 'reader', roles: READERS },
  { method: 'GET', path: '/v1/models/{sha256}/lineage', group: 'reader', roles: READERS },
  { method: 'GET', path: '/v1/models/{sha256}/decisions', group: 'reader', roles: READERS },
  { method: 'GET', path: '/v1/datasets/{sha256}', group: 'reader', roles: READERS },
  { method: 'GET', path: '/v1/commits/{commit_sha}', group: 'reader', roles: READERS },
  { method: 'GET', path: '/v1/principals/{name}/evidence', group: 'reader', roles: READERS },
  { method: 'GET', path: '/v1/principals/{name}', group: 'reader', roles: READERS },
  { method: 'GET', path: '/v1/keys/{keyid}', group: 'reader', roles: READERS },
  { method: 'GET', path: '/v1/holds/{sha256}', group: 'reader', roles: READERS },
  { method: 'GET', path: '/v1/status', group: 'reader', roles: READERS },
  {
    method: 'POST',
    path: '/v1/gates/evaluate',
    group: 'gates',
    roles: ['promoter', 'producer', 'operator', 'policy-author'],
  },
  { method: 'POST', path: '/v1/admission', group: 'gates', roles: ['promoter', 'operator'] },
  { method: 'POST', path: '/v1/policies', group: 'policies', roles: ['policy-author'] },
  {
    method: 'POST',
    path: '/v1/policies/{sha256}/test',
    group: 'policies',
    roles: ['policy-author', 'policy-approver'],
  },
  {
    method: 'POST',
    path: '/v1/policies/{sha256}/simulations',
    group: 'policies',
    roles: ['policy-author', 'policy-approver'],
  },
  { method: 'POST', path: '/v1/policies/{sha256}/approve', group: 'policies', roles: ['policy-approver'] },
  { method: 'POST', path: '/v1/policies/{sha256}/activate', group: 'policies', roles: ['policy-approver'] },
  {
    method: 'POST',
    path: '/v1/policies/{sha256}/shadow',
    group: 'policies',
    roles: ['policy-author', 'policy-approver'],
  },
  {
    method: 'POST',
    path: '/v1/policies/{sha256}/shadow/end',
    group: 'policies',
    roles: ['policy-author', 'policy-approver'],
  },
  { method: 'POST', path: '/v1/policies/withdraw', group: 'policies', roles: ['policy-approver'] },
  { method: 'POST', path: '/v1/policies/rollback', group: 'policies', roles: ['policy-approver', 'operator'] },
  { method: 'POST', path: '/v1/waivers', group: 'policies', roles: ['promoter'] },
  { method: 'POST', path: '/v1/waivers/{id}/approve', group: 'policies', roles: ['policy-approver'] },
  { method: 'POST', path: '/v1/waivers/{id}/end', group: 'policies', roles: ['policy-approver', 'promoter'] },
  { method: 'GET', path: '/v1/waivers', group: 'reader', roles: READERS },
  { method: 'GET', path: '/v1/waivers/{id}', group: 'reader', roles: READERS },
  { method: 'GET', path: '/v1/policies', group: 'reader', roles: READERS },
  { method: 'GET', path: '/v1/policies/activations', group: 'reader', roles: READERS },
  { method: 'GET', path: '/v1/policies/{sha256}', group: 'reader', roles: READERS },
  { method: 'GET', path: '/v1/policies/{sha256}/shadow', group: 'reader', roles: READERS },
  { method: 'GET', path: '/v1/policies/{sha256}/bundle', group: 'reader', roles: READERS },
  { method: 'GET', path: '/v1/policies/{sha256}/simulations', group: 'reader', roles: READERS },
  { method: 'GET', path: '/v1/simulations/{id}', group: 'reader', roles: READERS },
  { method: 'GET', path: '/v1/simulations/{id}/report', group: 'reader', roles: READERS },
  { method: 'POST', path: '/v1/promotions', group: 'promotions', roles: ['promoter'] },
  { method: 'POST', path: '/v1/promotions/{id}/cancel', group: 'promotions', roles: ['promoter'] },
  { method: 'POST', path: '/v1/promotions/break-glass', group: 'promotions', roles: ['break-glass-promoter'] },
  { method: 'POST', path: '/v1/promotions/{id}/confirm', group: 'promotions', roles: ['break-glass-promoter'] },
  { method: 'POST', path: '/v1/releases/{endpoint}/rollback', group: 'promotions', roles: ['emergency-rollback'] },
  { method: 'GET', path: '/v1/promotions', group: 'reader', roles: READERS },
  { method: 'GET', path: '/v1/promotions/{id}', group: 'reader', roles: READERS },
  { method: 'GET', path: '/v1/approvals', group: 'reader', roles: DIRECTORY_READERS },
  { method: 'GET', path: '/v1/gates/inputs/{sha256}', group: 'reader', roles: READERS },
  { method: 'GET', path: '/v1/releases/{endpoint}', group: 'reader', roles: READERS },
  { method: 'GET', path: '/v1/releases/{endpoint}/timeline', group: 'reader', roles: READERS },
  { method: 'GET', path: '/v1/models/{sha256}/releases', group: 'reader', roles: READERS },
  { method: 'GET', path: '/v1/incidents', group: 'reader', roles: READERS },
  { method: 'GET', path: '/v1/incidents/{id}', group: 'reader', roles: READERS },
  { method: 'POST', path: '/v1/incidents/{id}/acknowledge', group: 'incidents', roles: ['operator'] },
  { method: 'POST', path: '/v1/incidents/{id}/resolve', group: 'incidents', roles: ['operator'] },
  { method: 'POST', path: '/v1/principals', group: 'registry', roles: ['key-admin'] },
  { method: 'POST', path: '/v1/keys', group: 'registry', roles: ['key-admin'] },
  { method: 'POST', path: '/v1/keys/{keyid}/revoke', group: 'registry', roles: ['key-admin'] },
  { method: 'POST', path: '/v1/evidence-key', group: 'registry', roles: ['key-admin'] },
  { method: 'POST', path: '/v1/approvers', group: 'approvers', roles: ['people-admin'] },
  { method: 'POST', path: '/v1/approvers/{id}', group: 'approvers', roles: ['people-admin'] },
  { method: 'POST', path: '/v1/approvers/{id}/erase', group: 'approvers', roles: ['people-admin'] },
  { method: 'GET', path: '/v1/approvers', group: 'approvers', roles: DIRECTORY_READERS },
  { method: 'GET', path: '/v1/approvers/{id}', group: 'approvers', roles: DIRECTORY_READERS },
  // Apart, because a route is what a role may call, and the {id} of a path above would take in what lies below it.
  { method: 'GET', path: '/v1/contacts/{id}', group: 'approvers', roles: ['people-admin'] },
  { method: 'POST', path: '/v1/webhooks', group: 'webhooks', roles: ['operator'] },
  { method: 'POST', path: '/v1/webhooks/{id}', group: 'webhooks', roles: ['operator'] },
  { method: 'POST', path: '/v1/webhooks/{id}/rotate', group: 'webhooks', roles: ['operator'] },
  { method: 'POST', path: '/v1/webhooks/{id}/replay', group: 'webhooks', roles: ['operator'] },
  { method: 'GET', path: '/v1/webhooks', group: 'webhooks', roles: ['operator', 'auditor'] },
  { method: 'GET', path: '/v1/webhooks/{id}', group: 'webhooks', roles: ['operator', 'auditor'] },
  { method: 'GET', path: '/v1/webhooks/{id}/deliveries', group: 'webhooks', roles: ['operator', 'auditor'] },
  { method: 'POST', path: '/v1/holds', group: 'holds', roles: ['legal-hold'] },
  { method: 'DELETE', path: '/v1/holds', group: 'holds', roles: ['legal-hold'] },
] as const satisfies readonly Route[];

/** The one role that may call a route: whoever called it acted as that. */
export function roleOf(method: Route['method'], path: (typeof ROUTES)[number]['path']): Role {
  const [role, ...others] = ROUTES.find((route) => route.method === method && route.path === path)?.roles ?? [];
  if (role === undefined || others.length > 0) throw new Error(`${method} ${path} is not the route of one role`);
  return role;
}

/** The public pages, on an API of their own: anybody may call them, and `{link}` is a secret that a mail brought. */
export const PAGE_ROUTES = [
  { method: 'GET', path: '/approve/{link}' },
  { method: 'POST', path: '/approve/{link}/code' },
  { method: 'POST', path: '/approve/{link}/session' },
  { method: 'POST', path: '/approve/{link}/decision' },
  // Where identity providers send people back to: one address for all links, as providers want it registered to the letter.
  { method: 'GET', path: '/signed-in' },
  { method: 'POST', path: '/signed-in' },
] as const satisfies readonly Pick<Route, 'method' | 'path'>[];
