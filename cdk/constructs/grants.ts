import type * as iam from 'aws-cdk-lib/aws-iam';

/** Whatever collects statements: a function's policy or a role's managed policy. */
export interface Grantee {
  addStatements(...statements: iam.PolicyStatement[]): void;
}
