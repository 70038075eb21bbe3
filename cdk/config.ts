import type { RetentionPolicy, SamplingRates, SignInConfig } from '../lib/contracts/env.ts';
import { ENVIRONMENTS, type Environment, STAGES, type Stage } from '../lib/contracts/predicates.ts';

/** What one deployment of Countersign differs in from another. Everything else is the same in every stage. */
export interface StageConfig {
  /** Name of the deployment; part of every physical name. Lower-case letters, digits and dashes, at most 12. */
  readonly stage: string;
  /**
   * Object Lock mode, and days of retention per environment, counted from receipt.
   * A longer-lived environment is never kept shorter: experimental <= staging <= production.
   */
  readonly retention: RetentionPolicy;
  /** Days that CloudTrail files stay locked and S3 access logs are kept; at least as long as the longest evidence. */
  readonly auditRetentionDays: number;
  /** Days that CloudWatch keeps operational logs. One of the values that CloudWatch Logs knows. */
  readonly logRetentionDays: number;
  /**
   * Which evidence key signs, counted from 1. KMS does not rotate asymmetric keys: raising this by one makes the next key
   * and lets the functions sign with it alone; the former ones stay, to be verified with.
   */
  readonly evidenceKeyGeneration: number;
  /** Pipeline stages whose unsigned manifests are stored and flagged; they never pass a gate. Empty: unsigned is refused. */
  readonly unsignedStages: readonly Stage[];
  /**
   * Share of the runs, 0 to 1, whose models a gate checks in full on their way into an environment; of the others it is stated
   * and kept that nobody looked. Production and release candidates are always checked.
   */
  readonly gateSampling: SamplingRates;
  /** Largest artifact, in bytes, that one presigned PUT carries. S3 takes at most 5 GB in one PUT. */
  readonly singlePutMaxBytes: number;
  /** Days after which an upload that was staged and never finished is deleted. */
  readonly stagingDays: number;
  /** The API's limit, over all callers. With the functions' timeout it also bounds their concurrency. */
  readonly throttle: { readonly requestsPerSecond: number; readonly burst: number };
  /** Interface endpoints (`vpce-…`) through which alone the API can be reached. Empty: a public regional endpoint. */
  readonly vpcEndpointIds: readonly string[];
  /** Web application firewall in front of the API. Absent: none. */
  readonly firewall?: {
    /** Requests that one address may make in five minutes; AWS WAF wants at least 10. */
    readonly requestsPerAddress: number;
  };
  readonly promotion: PromotionConfig;
  /**
   * What the names of model package groups in SageMaker's Model Registry begin with, each followed by an endpoint's name: what is
   * released, denied and rolled back is mirrored there. Groups of such names are ours alone. Absent: nothing is mirrored.
   */
  readonly packageGroupPrefix?: string;
  /** Whether webhooks may lead to the machine itself; only where everything runs on one. Absent: no private address is sent to. */
  readonly webhooksToLoopback?: true;
  /** Where alarms are mailed. Absent: the alarm topic has no subscriber yet. */
  readonly alarmEmail?: string;
  /** Whether buckets, tables and keys survive the removal of their stack. */
  readonly retainData: boolean;
}

/** How promotions wait. */
export interface PromotionConfig {
  /** Hours until somebody who has not answered is reminded, each time. */
  readonly reminderHours: number;
  /** How often; when the last has gone unanswered for as long, the promotion expires. */
  readonly reminders: number;
  /** Reminders that go unanswered until those on standby are asked too, and a daily digest is not waited for; at most all of them. */
  readonly escalateAfter: number;
  /** Seconds between two looks at a running deployment. */
  readonly pollSeconds: number;
  /** Seconds after which whoever waits for an endpoint looks again by itself. */
  readonly endpointWaitSeconds: number;
  /** How often people are asked again because what they approve has changed. */
  readonly rounds: number;
  /**
   * Environments whose deployments may move all traffic at once, where SageMaker can make no canary: of one instance, say.
   * Elsewhere such a promotion is refused.
   */
  readonly allAtOnceIn: readonly Environment[];
  /** Address that mails to approvers come from; SES must have verified it. */
  readonly mailFrom: string;
  /** Where approvers sign in whose subject the directory has. Absent: everybody proves who they are by a code to their address. */
  readonly signIn?: SignInConfig;
}

const PROMOTION: PromotionConfig = {
  reminderHours: 24,
  reminders: 4,
  escalateAfter: 2,
  pollSeconds: 60,
  endpointWaitSeconds: 1800,
  rounds: 5,
  allAtOnceIn: [],
  mailFrom: 'countersign@example.com',
};

const GB = 1_000_000_000;

/** The most that S3 accepts in one PUT: 5 GiB. */
const S3_SINGLE_PUT_LIMIT = 5 * 1024 ** 3;
/** The longest retention that S3 Object Lock accepts: 100 years. */
const LONGEST_LOCK_DAYS = 36_500;

/** Retention values of CloudWatch Logs, in days. */
const LOG_RETENTION_DAYS = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];

/** The stages in this repository. Add one by adding an entry. */
export const STAGE_CONFIGS: readonly StageConfig[] = [
  {
    // Short and GOVERNANCE, so that the break-glass role can empty the buckets and the stack can be removed.
    stage: 'dev',
    retention: { mode: 'GOVERNANCE', days: { experimental: 1, staging: 2, production: 3 } },
    auditRetentionDays: 7,
    logRetentionDays: 14,
    evidenceKeyGeneration: 1,
    unsignedStages: [],
    gateSampling: { experimental: 1, staging: 1 },
    singlePutMaxBytes: 5 * GB,
    stagingDays: 3,
    throttle: { requestsPerSecond: 50, burst: 100 },
    vpcEndpointIds: [],
    promotion: PROMOTION,
    retainData: false,
  },
  {
    // 3,653 days: the ten years for which the EU AI Act (Art. 18) wants documentation kept.
    stage: 'prod',
    retention: { mode: 'COMPLIANCE', days: { experimental: 365, staging: 1096, production: 3653 } },
    auditRetentionDays: 3660,
    logRetentionDays: 400,
    evidenceKeyGeneration: 1,
    unsignedStages: [],
    gateSampling: { experimental: 1, staging: 1 },
    singlePutMaxBytes: 5 * GB,
    stagingDays: 7,
    throttle: { requestsPerSecond: 200, burst: 400 },
    vpcEndpointIds: [],
    firewall: { requestsPerAddress: 10_000 },
    promotion: PROMOTION,
    packageGroupPrefix: 'countersign-',
    retainData: true,
  },
  {
    // What `npm start` provisions on one machine: the strict mode, and days that a laptop can afford.
    stage: 'local',
    retention: { mode: 'COMPLIANCE', days: { experimental: 1, staging: 2, production: 3 } },
    auditRetentionDays: 7,
    logRetentionDays: 7,
    evidenceKeyGeneration: 1,
    unsignedStages: [],
    gateSampling: { experimental: 1, staging: 1 },
    singlePutMaxBytes: 5 * GB,
    stagingDays: 3,
    throttle: { requestsPerSecond: 5000, burst: 5000 },
    vpcEndpointIds: [],
    promotion: { ...PROMOTION, pollSeconds: 1 },
    packageGroupPrefix: 'countersign-',
    webhooksToLoopback: true,
    retainData: true,
  },
];

/** Thrown at synth: every fault of a stage's configuration, one per line, in words that say what is allowed. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/**
 * The checked configuration of a stage.
 *
 * @throws ConfigError when there is no such stage or when a value is not allowed.
 */
export function stageConfig(stage: string, configs: readonly StageConfig[] = STAGE_CONFIGS): StageConfig {
  const config = configs.find((candidate) => candidate.stage === stage);
  if (config === undefined) {
    const known = configs.map((candidate) => candidate.stage).join(', ');
    throw new ConfigError(
      `there is no stage "${stage}" in cdk/config.ts; the stages are ${known} (choose one with -c stage=NAME)`,
    );
  }
  const faults = configFaults(config);
  if (faults.length > 0) {
    throw new ConfigError(
      `stage "${stage}" in cdk/config.ts cannot be used:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`,
    );
  }
  return config;
}

/** Every reason why a configuration cannot be deployed; empty when it can. */
export function configFaults(config: StageConfig): string[] {
  return [
    ...nameFaults(config),
    ...retentionFaults(config),
    ...keyFaults(config),
    ...auditFaults(config),
    ...samplingFaults(config),
    ...uploadFaults(config),
    ...apiFaults(config),
    ...promotionFaults(config),
    ...webhookFaults(config),
    ...mirrorFaults(config),
  ];
}

function nameFaults({ stage }: StageConfig): string[] {
  return /^[a-z][a-z0-9-]{0,11}$/.test(stage)
    ? []
    : [`stage is "${stage}"; it must be 1 to 12 lower-case letters, digits or dashes, a letter first`];
}

function retentionFaults({ retention, retainData }: StageConfig): string[] {
  const faults: string[] = [];
  for (const environment of ENVIRONMENTS) {
    const days = retention.days[environment];
    if (!isWithin(days, 1, LONGEST_LOCK_DAYS)) {
      faults.push(`retention.days.${environment} is ${days}; it must be a whole number from 1 to ${LONGEST_LOCK_DAYS}`);
    }
  }
  const { experimental, staging, production } = retention.days;
  if (experimental > staging || staging > production) {
    faults.push(
      `retention.days are experimental ${experimental}, staging ${staging}, production ${production}; ` +
        'they must not fall from experimental to staging to production',
    );
  }
  if (retention.mode === 'COMPLIANCE' && !retainData) {
    faults.push(
      'retention.mode is COMPLIANCE but retainData is false; nobody can delete such evidence, so keep it (retainData: true)',
    );
  }
  return faults;
}

function keyFaults({ evidenceKeyGeneration }: StageConfig): string[] {
  return isWithin(evidenceKeyGeneration, 1, 50)
    ? []
    : [`evidenceKeyGeneration is ${evidenceKeyGeneration}; it must be a whole number from 1 to 50`];
}

function auditFaults({ retention, auditRetentionDays, logRetentionDays }: StageConfig): string[] {
  const faults: string[] = [];
  const longest = Math.max(...Object.values(retention.days));
  if (!isWithin(auditRetentionDays, 1, LONGEST_LOCK_DAYS) || auditRetentionDays < longest) {
    faults.push(
      `auditRetentionDays is ${auditRetentionDays}; it must be a whole number of at least ${longest}, the longest evidence retention`,
    );
  }
  if (!LOG_RETENTION_DAYS.includes(logRetentionDays)) {
    faults.push(`logRetentionDays is ${logRetentionDays}; CloudWatch Logs knows ${LOG_RETENTION_DAYS.join(', ')}`);
  }
  return faults;
}

function samplingFaults({ gateSampling }: StageConfig): string[] {
  return Object.entries(gateSampling)
    .filter(([, rate]) => !(rate >= 0 && rate <= 1))
    .map(([environment, rate]) => `gateSampling.${environment} is ${rate}; it must be a number from 0 to 1`);
}

function uploadFaults({ unsignedStages, singlePutMaxBytes, stagingDays }: StageConfig): string[] {
  const faults: string[] = [];
  const unknown = unsignedStages.filter((stage) => !STAGES.includes(stage));
  if (unknown.length > 0) {
    faults.push(`unsignedStages has ${unknown.join(', ')}; the pipeline stages are ${STAGES.join(', ')}`);
  }
  if (!isWithin(singlePutMaxBytes, 1, S3_SINGLE_PUT_LIMIT)) {
    faults.push(
      `singlePutMaxBytes is ${singlePutMaxBytes}; it must be a whole number from 1 to ${S3_SINGLE_PUT_LIMIT}, S3's limit for one PUT`,
    );
  }
  if (!isWithin(stagingDays, 1, 365)) {
    faults.push(`stagingDays is ${stagingDays}; it must be a whole number from 1 to 365`);
  }
  return faults;
}

function apiFaults({ throttle, vpcEndpointIds, firewall, alarmEmail }: StageConfig): string[] {
  const faults: string[] = [];
  if (!isWithin(throttle.requestsPerSecond, 1, 10_000)) {
    faults.push(
      `throttle.requestsPerSecond is ${throttle.requestsPerSecond}; it must be a whole number from 1 to 10000`,
    );
  }
  if (!isWithin(throttle.burst, 1, 5000)) {
    faults.push(`throttle.burst is ${throttle.burst}; it must be a whole number from 1 to 5000`);
  }
  const notEndpoints = vpcEndpointIds.filter((id) => !/^vpce-[0-9a-f]{8,17}$/.test(id));
  if (notEndpoints.length > 0) {
    faults.push(
      `vpcEndpointIds has ${notEndpoints.join(', ')}; an interface endpoint's id looks like vpce-0123456789abcdef0`,
    );
  }
  if (firewall !== undefined && !isWithin(firewall.requestsPerAddress, 10, 2_000_000_000)) {
    faults.push(
      `firewall.requestsPerAddress is ${firewall.requestsPerAddress}; it must be a whole number from 10 to 2000000000`,
    );
  }
  if (alarmEmail !== undefined && !/^[^@\s]+@[^@\s]+$/.test(alarmEmail)) {
    faults.push(`alarmEmail is "${alarmEmail}"; it must be an e-mail address`);
  }
  return faults;
}

/** The machine ends an execution after 30 days; the last of them is for the deployment. */
const MAX_ASKING_DAYS = 29;

function promotionFaults({ stage, promotion }: StageConfig): string[] {
  const bounds = {
    reminderHours: [1, 168],
    reminders: [0, 20],
    escalateAfter: [0, promotion.reminders],
    // The history of an execution has 25,000 events: a look takes 9 of them, and goes on for 3 hours there and 3 back; a wait for the
    // endpoint takes 13, and goes on for 30 days.
    pollSeconds: [stage === 'local' ? 1 : 10, 300],
    endpointWaitSeconds: [stage === 'local' ? 60 : 1500, 86_400],
    rounds: [1, 20],
  } as const;
  const faults = Object.entries(bounds).flatMap(([name, [least, most]]) => {
    const value = promotion[name as keyof typeof bounds];
    return isWithin(value, least, most)
      ? []
      : [`promotion.${name} is ${value}; it must be a whole number from ${least} to ${most}`];
  });
  const { reminderHours, reminders, rounds } = promotion;
  const asking = (reminderHours * (reminders + 1) * rounds) / 24;
  if (asking > MAX_ASKING_DAYS) {
    faults.push(
      `promotion.reminderHours, reminders and rounds ask people for ${asking} days; an execution of 30 days has ${MAX_ASKING_DAYS} for that`,
    );
  }
  const unknown = promotion.allAtOnceIn.filter((environment) => !ENVIRONMENTS.includes(environment));
  if (unknown.length > 0) {
    faults.push(`promotion.allAtOnceIn has ${unknown.join(', ')}; the environments are ${ENVIRONMENTS.join(', ')}`);
  }
  if (!/^[^@\s]+@[^@\s]+$/.test(promotion.mailFrom)) {
    faults.push(`promotion.mailFrom is "${promotion.mailFrom}"; it must be an e-mail address`);
  }
  return promotion.signIn === undefined ? faults : [...faults, ...signInFaults(stage, promotion.signIn)];
}

/** OpenID Connect Discovery, section 2: an issuer has neither query nor fragment. */
function signInFaults(stage: string, { issuer, clientId }: SignInConfig): string[] {
  const protocol = stage === 'local' ? /^https?:$/ : /^https:$/;
  const url = URL.parse(issuer);
  const isIssuer = url !== null && protocol.test(url.protocol) && !/[?#@]/.test(issuer);
  return [
    ...(isIssuer ? [] : [`promotion.signIn.issuer is "${issuer}"; it must be an https URL as the provider writes it`]),
    ...(/^[\x21-\x7e]{1,255}$/.test(clientId)
      ? []
      : [`promotion.signIn.clientId is "${clientId}"; it must be what the provider calls our client`]),
  ];
}

function webhookFaults({ stage, webhooksToLoopback }: StageConfig): string[] {
  return webhooksToLoopback && stage !== 'local'
    ? ['webhooksToLoopback is set; only the stage "local" sends to its own machine']
    : [];
}

function mirrorFaults({ packageGroupPrefix: prefix }: StageConfig): string[] {
  return prefix === undefined || /^[a-z0-9][a-z0-9-]{0,30}-$/.test(prefix)
    ? []
    : [`packageGroupPrefix is "${prefix}"; it must be 2 to 32 lower-case letters, digits or dashes, a dash last`];
}

function isWithin(value: number, least: number, most: number): boolean {
  return Number.isInteger(value) && value >= least && value <= most;
}
