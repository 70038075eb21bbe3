/** Every role of a deployment. Each is one managed policy in the template, named `countersign-<stage>-<role>`. */
export const ROLES = [
  'producer',
  'reader',
  'key-admin',
  'policy-author',
  'policy-approver',
  'promoter',
  'auditor',
  'operator',
  'legal-hold',
  'break-glass',
] as const;

export type Role = (typeof ROLES)[number];
