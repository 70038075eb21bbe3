import type { Role } from '../lib/contracts/roles.ts';

/**
 * What `.countersign/local.json` says: all that an AWS client needs to join in. The file is readable by its owner only,
 * because it holds the demo credentials.
 */
export interface LocalDescription {
  readonly region: string;
  readonly accountId: string;
  /** Stage of the template that was provisioned. */
  readonly stage: string;
  /** Endpoint for every AWS service (`AWS_ENDPOINT_URL`). */
  readonly endpoint: string;
  /** Base of the API's paths, with the stage; sign for the service `execute-api`. */
  readonly apiUrl: string;
  /** Base of the pages for people, with the stage, where the template has such an API. Nobody signs there. */
  readonly pagesUrl?: string;
  /** Page that shows the mails that SES has taken. */
  readonly inbox: string;
  readonly control: { readonly url: string; readonly token: string };
  /** Demo credentials by name. */
  readonly identities: Readonly<Record<DemoName, DemoIdentity>>;
  readonly resources: LocalResources;
  /** Physical names of the functions. */
  readonly functions: readonly string[];
  /** Folder of the cloud assembly (`cdk.out`) that was provisioned. */
  readonly assembly: string;
  /** Folder with one log file per function, and the emulators'. */
  readonly logs: string;
  readonly pids: { readonly launcher: number; readonly children: readonly number[] };
}

export interface DemoIdentity {
  /** The managed policies that its role has; `administrator` has direct access to AWS and none to the API. */
  readonly roles: readonly (Role | 'administrator')[];
  readonly roleArn: string;
  /** The role's unique id, `AROA…`. */
  readonly uniqueId: string;
  /** ARN of the assumed role with its session. */
  readonly userArn: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** Physical names and ARNs, from the outputs of the data stack. */
export interface LocalResources {
  readonly evidenceBucket: string;
  readonly stagingBucket: string;
  readonly evidenceTable: string;
  readonly registryTable: string;
  readonly workflowTable: string;
  readonly evidenceKeyArn: string;
  readonly dataKeyArn: string;
}

/** The people and pipelines of the demo, and the managed policies that their roles have. */
export const DEMO_ROLES = {
  'training-pipeline': ['producer'],
  'evaluation-pipeline': ['producer'],
  'privacy-officer': ['producer', 'legal-hold'],
  'model-owner': ['producer'],
  platform: ['producer'],
  'security-scanner': ['producer'],
  'policy-tests': ['producer'],
  reader: ['reader'],
  'key-admin': ['key-admin'],
  'policy-author': ['policy-author'],
  'policy-approver': ['policy-approver'],
  'policy-lead': ['policy-author', 'policy-approver'],
  promoter: ['promoter'],
  'people-admin': ['people-admin'],
  // Two people: nobody confirms what they asked for themselves.
  'break-glass-promoter': ['break-glass-promoter'],
  'break-glass-confirmer': ['break-glass-promoter'],
  'emergency-rollback': ['emergency-rollback'],
  auditor: ['auditor'],
  operator: ['operator'],
  rebuilder: ['rebuilder'],
  'legal-hold': ['legal-hold'],
  'break-glass': ['break-glass'],
  administrator: ['administrator'],
} as const satisfies Readonly<Record<string, readonly (Role | 'administrator')[]>>;

export type DemoName = keyof typeof DEMO_ROLES;
