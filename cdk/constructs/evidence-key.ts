import { RemovalPolicy } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import type { StageConfig } from '../config.ts';
import { emergencyRoleName, SIGNERS } from '../names.ts';
import type { Grantee } from './policy.ts';
import { deploymentRoleArn, functionRoleArns, roleArn } from './principals.ts';

/** What an administrator of any of our keys may do: everything but use it; {@link onlyDeploymentsTakeOver} takes two back. */
export const KEY_ADMINISTRATION = [
  'kms:CancelKeyDeletion',
  'kms:CreateAlias',
  'kms:DeleteAlias',
  'kms:DescribeKey',
  'kms:DisableKey',
  'kms:EnableKey',
  'kms:GetKeyPolicy',
  'kms:GetKeyRotationStatus',
  'kms:ListAliases',
  'kms:ListGrants',
  'kms:ListKeyPolicies',
  'kms:ListResourceTags',
  'kms:PutKeyPolicy',
  'kms:RevokeGrant',
  'kms:ScheduleKeyDeletion',
  'kms:TagResource',
  'kms:UntagResource',
  'kms:UpdateAlias',
  'kms:UpdateKeyDescription',
] as const;

/** Those of {@link KEY_ADMINISTRATION} that change the key. */
const KEY_CHANGES = KEY_ADMINISTRATION.filter((action) => !/:(Describe|Get|List)/.test(action));

/** What would let an administrator use the key after all, or make for ever unreadable what it encrypts. */
const KEY_TAKEOVER = ['kms:PutKeyPolicy', 'kms:ScheduleKeyDeletion'];

/**
 * Refuses to everybody but deployments, and break-glass should the deployment role be gone, what would undo a key's
 * policy. KMS has no way back for a root user, but none is needed: the roles are known by name, and can be made again.
 */
export function onlyDeploymentsTakeOver(scope: Construct, { stage }: StageConfig): iam.PolicyStatement {
  const allowed = [deploymentRoleArn(scope), roleArn(scope, emergencyRoleName(stage, 'break-glass'))];
  return new iam.PolicyStatement({
    sid: 'OnlyDeploymentsTakeOver',
    effect: iam.Effect.DENY,
    principals: [new iam.AnyPrincipal()],
    actions: KEY_TAKEOVER,
    resources: ['*'],
    conditions: { ArnNotEquals: { 'aws:PrincipalArn': allowed } },
  });
}

/** What receipts are signed with, and nothing else: a digest, so that the length of evidence does not matter. */
const RECEIPT_SIGNATURE = { 'kms:SigningAlgorithm': 'ECDSA_SHA_256', 'kms:MessageType': 'DIGEST' };

/**
 * The key that countersigns. Its policy separates duties by explicit denials, which no identity policy and no grant
 * can outvote: whoever administers it cannot sign, and the functions that sign cannot administer it.
 */
export class EvidenceKey extends Construct {
  readonly key: kms.Key;

  constructor(scope: Construct, id: string, props: { readonly config: StageConfig }) {
    super(scope, id);
    const { stage, retainData } = props.config;
    this.key = new kms.Key(this, 'Key', {
      description: `Countersign ${stage}: countersigns evidence`,
      keySpec: kms.KeySpec.ECC_NIST_P256,
      keyUsage: kms.KeyUsage.SIGN_VERIFY,
      policy: this.policy(props.config),
      removalPolicy: retainData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
  }

  /** Lets a function sign receipts with this key. It must be one of SIGNERS, or the key's policy still refuses. */
  grantSign(grantee: Grantee): void {
    grantee.allow({
      sid: 'SignReceipts',
      actions: ['kms:Sign'],
      resources: [this.key.keyArn],
      conditions: { StringEquals: RECEIPT_SIGNATURE },
    });
  }

  /** Lets the grantee read the public half. */
  grantGetPublicKey(grantee: Grantee): void {
    grantee.allow({
      sid: 'ReadEvidencePublicKey',
      actions: ['kms:GetPublicKey'],
      resources: [this.key.keyArn],
    });
  }

  private policy(config: StageConfig): iam.PolicyDocument {
    const account = new iam.AccountRootPrincipal();
    const signers = functionRoleArns(this, config, SIGNERS);
    return new iam.PolicyDocument({
      statements: [
        new iam.PolicyStatement({
          sid: 'AccountAdministers',
          principals: [account],
          actions: [...KEY_ADMINISTRATION],
          resources: ['*'],
        }),
        new iam.PolicyStatement({
          sid: 'AccountReadsPublicKey',
          principals: [account],
          actions: ['kms:GetPublicKey', 'kms:Verify'],
          resources: ['*'],
        }),
        new iam.PolicyStatement({
          sid: 'SignersSign',
          principals: [account],
          actions: ['kms:Sign'],
          resources: ['*'],
          conditions: { StringEquals: RECEIPT_SIGNATURE, ArnEquals: { 'aws:PrincipalArn': signers } },
        }),
        new iam.PolicyStatement({
          sid: 'OnlySignersSign',
          effect: iam.Effect.DENY,
          principals: [new iam.AnyPrincipal()],
          // A grant would hand signing to somebody whom this policy does not name.
          actions: ['kms:Sign', 'kms:CreateGrant'],
          resources: ['*'],
          conditions: { ArnNotEquals: { 'aws:PrincipalArn': signers } },
        }),
        new iam.PolicyStatement({
          sid: 'SignersDoNotAdminister',
          effect: iam.Effect.DENY,
          principals: [new iam.AnyPrincipal()],
          actions: [...KEY_CHANGES, 'kms:CreateGrant'],
          resources: ['*'],
          conditions: { ArnEquals: { 'aws:PrincipalArn': signers } },
        }),
        onlyDeploymentsTakeOver(this, config),
      ],
    });
  }
}
