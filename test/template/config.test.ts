import { describe, expect, it } from 'vitest';
import { ConfigError, configFaults, STAGE_CONFIGS, type StageConfig, stageConfig } from '../../cdk/config.ts';

const dev = stageConfig('dev');
const prod = stageConfig('prod');

it.each(STAGE_CONFIGS)('the stage $stage can be deployed', (config) => {
  expect(configFaults(config)).toEqual([]);
});

it('an unknown stage is refused with the names of the known ones', () => {
  expect(() => stageConfig('production')).toThrow(
    new ConfigError(
      'there is no stage "production" in cdk/config.ts; the stages are dev, prod, local (choose one with -c stage=NAME)',
    ),
  );
});

it('every fault is reported at once, one per line', () => {
  const faulty: StageConfig = { ...dev, logRetentionDays: 6, stagingDays: 0 };
  expect(() => stageConfig('dev', [faulty])).toThrow(
    new ConfigError(
      'stage "dev" in cdk/config.ts cannot be used:\n' +
        '  - logRetentionDays is 6; CloudWatch Logs knows 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653\n' +
        '  - stagingDays is 0; it must be a whole number from 1 to 365',
    ),
  );
});

function days(experimental: number, staging: number, production: number): StageConfig {
  return {
    ...dev,
    auditRetentionDays: 36_500,
    retention: { ...dev.retention, days: { experimental, staging, production } },
  };
}

describe('a fault names the value and what is allowed', () => {
  const rows: readonly (readonly [string, StageConfig, string])[] = [
    [
      "groups of model packages that might be others'",
      { ...dev, packageGroupPrefix: '' },
      'packageGroupPrefix is ""; it must be 2 to 32 lower-case letters, digits or dashes, a dash last',
    ],
    [
      'no day of retention',
      days(0, 2, 3),
      'retention.days.experimental is 0; it must be a whole number from 1 to 36500',
    ],
    ['half a day', days(1, 1.5, 3), 'retention.days.staging is 1.5; it must be a whole number from 1 to 36500'],
    [
      'more than S3 locks',
      days(1, 2, 36_501),
      'retention.days.production is 36501; it must be a whole number from 1 to 36500',
    ],
    [
      'production kept shorter than staging',
      days(1, 3, 2),
      'retention.days are experimental 1, staging 3, production 2; they must not fall from experimental to staging to production',
    ],
    [
      'an audit trail shorter than the evidence',
      { ...prod, auditRetentionDays: 3652 },
      'auditRetentionDays is 3652; it must be a whole number of at least 3653, the longest evidence retention',
    ],
    [
      'COMPLIANCE in a stack to be thrown away',
      { ...prod, retainData: false },
      'retention.mode is COMPLIANCE but retainData is false; nobody can delete such evidence, so keep it (retainData: true)',
    ],
    [
      'a rate beyond everything',
      { ...dev, gateSampling: { experimental: 1, staging: 1.5 } },
      'gateSampling.staging is 1.5; it must be a number from 0 to 1',
    ],
    [
      'a rate that is no number',
      { ...dev, gateSampling: { experimental: Number.NaN, staging: 1 } },
      'gateSampling.experimental is NaN; it must be a number from 0 to 1',
    ],
    [
      'no evidence key',
      { ...dev, evidenceKeyGeneration: 0 },
      'evidenceKeyGeneration is 0; it must be a whole number from 1 to 50',
    ],
    [
      'more than S3 takes in one PUT',
      { ...dev, singlePutMaxBytes: 5 * 1024 ** 3 + 1 },
      "singlePutMaxBytes is 5368709121; it must be a whole number from 1 to 5368709120, S3's limit for one PUT",
    ],
    [
      'no throughput',
      { ...dev, throttle: { requestsPerSecond: 0, burst: 6000 } },
      'throttle.requestsPerSecond is 0; it must be a whole number from 1 to 10000',
    ],
    [
      'too large a burst',
      { ...dev, throttle: { requestsPerSecond: 1, burst: 6000 } },
      'throttle.burst is 6000; it must be a whole number from 1 to 5000',
    ],
    [
      'what is no endpoint',
      { ...dev, vpcEndpointIds: ['vpc-1'] },
      "vpcEndpointIds has vpc-1; an interface endpoint's id looks like vpce-0123456789abcdef0",
    ],
    [
      'a firewall that lets nobody in',
      { ...dev, firewall: { requestsPerAddress: 1 } },
      'firewall.requestsPerAddress is 1; it must be a whole number from 10 to 2000000000',
    ],
    [
      'a provider that is asked in clear',
      { ...dev, promotion: { ...dev.promotion, signIn: { issuer: 'http://login.example.com', clientId: 'c' } } },
      'promotion.signIn.issuer is "http://login.example.com"; it must be an https URL as the provider writes it',
    ],
    [
      'no client of the provider',
      { ...dev, promotion: { ...dev.promotion, signIn: { issuer: 'https://login.example.com', clientId: '' } } },
      'promotion.signIn.clientId is ""; it must be what the provider calls our client',
    ],
    ['what is no address', { ...dev, alarmEmail: 'ops' }, 'alarmEmail is "ops"; it must be an e-mail address'],
    [
      'an escalation after more reminders than there are',
      { ...dev, promotion: { ...dev.promotion, reminders: 3, escalateAfter: 4 } },
      'promotion.escalateAfter is 4; it must be a whole number from 0 to 3',
    ],
    [
      'looks that an execution has no room for',
      { ...dev, promotion: { ...dev.promotion, pollSeconds: 5 } },
      'promotion.pollSeconds is 5; it must be a whole number from 10 to 300',
    ],
    [
      'a wait for an endpoint that an execution has no room for',
      { ...dev, promotion: { ...dev.promotion, endpointWaitSeconds: 60 } },
      'promotion.endpointWaitSeconds is 60; it must be a whole number from 1500 to 86400',
    ],
    [
      'more days of asking than an execution has',
      { ...dev, promotion: { ...dev.promotion, reminderHours: 48, rounds: 3 } },
      'promotion.reminderHours, reminders and rounds ask people for 30 days; an execution of 30 days has 29 for that',
    ],
    [
      'a name that AWS would refuse',
      { ...dev, stage: 'Dev_1' },
      'stage is "Dev_1"; it must be 1 to 12 lower-case letters, digits or dashes, a letter first',
    ],
  ];
  it.each(rows)('%s', (_, config, fault) => {
    expect(configFaults(config)).toContain(fault);
  });

  it('a stage of the pipeline that does not exist', () => {
    // Configurations are typed; one that was made from JSON is not.
    const config: StageConfig = { ...dev, unsignedStages: JSON.parse('["ingest", "deploy"]') };
    expect(configFaults(config)).toEqual([
      'unsignedStages has deploy; the pipeline stages are ingest, preprocess, feature, training, evaluation, registration, promotion, serving',
    ]);
  });
});
