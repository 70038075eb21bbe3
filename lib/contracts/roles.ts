/**
 * Every role of a deployment. Each is one managed policy in the template, named `countersign-<stage>-<role>`.
 * `rebuilder` and `break-glass` call no route: they work on tables and bucket, and whoever becomes one is noticed.
 */
export const ROLES = [
  'producer',
  'reader',
  'key-admin',
  'policy-author',
  'policy-approver',
  'promoter',
  'people-admin',
  'break-glass-promoter',
  'emergency-rollback',
  'auditor',
  'operator',
  'legal-hold',
  'rebuilder',
  'break-glass',
] as const;

export type Role = (typeof ROLES)[number];
