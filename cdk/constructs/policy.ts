import { Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import { flattenCfnReference } from 'cdk-nag/lib/utils/flatten-cfn-reference.js';
import type { Construct } from 'constructs';
import { acknowledge } from '../nag.ts';

/** Actions on resources, under conditions. */
export interface Permission {
  /** Unique within a policy. */
  readonly sid: string;
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  /** @default - none */
  readonly conditions?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** Why the resources hold wildcards. Without it the rule packs refuse them. */
  readonly wildcard?: string;
}

/** Whatever can be given permissions: a function, a role's policy. */
export interface Grantee {
  allow(...permissions: Permission[]): void;
}

/** A managed policy made of permissions. Managed, because an inline policy can be neither reused nor seen in one place. */
export class Policy extends iam.ManagedPolicy implements Grantee {
  private readonly wildcards: { readonly resources: readonly string[]; readonly reason: string }[] = [];

  constructor(scope: Construct, id: string, props: iam.ManagedPolicyProps) {
    super(scope, id, props);
    this.node.addValidation({ validate: () => this.acknowledgeWildcards() });
  }

  allow(...permissions: Permission[]): void {
    for (const { sid, actions, resources, conditions = {}, wildcard } of permissions) {
      this.addStatements(
        new iam.PolicyStatement({ sid, actions: [...actions], resources: [...resources], conditions }),
      );
      if (wildcard !== undefined) this.wildcards.push({ resources, reason: wildcard });
    }
  }

  /**
   * The rule names each of its findings by the resource as the template writes it, which is known only once the
   * references between the stacks are resolved: when constructs are validated.
   */
  private acknowledgeWildcards(): string[] {
    for (const { resources, reason } of this.wildcards) {
      for (const resource of resources.map((token) => flattenCfnReference(Stack.of(this).resolve(token)))) {
        if (resource.includes('*')) acknowledge(this, { [`AwsSolutions-IAM5[Resource::${resource}]`]: reason });
      }
    }
    return [];
  }
}
