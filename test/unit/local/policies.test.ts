import { describe, expect, it } from 'vitest';
import { iamPrefix, mentions, statementsOf } from '../../../local/policies.ts';

const policy = (...Action: readonly string[]) =>
  statementsOf({ Statement: [{ Effect: 'Allow', Action, Resource: '*' }] });

describe('a role of local AWS', () => {
  it.each([
    ['cloudwatch:PutMetricData', 'monitoring'],
    ['ses:SendEmail', 'ses'],
    ['states:SendTaskSuccess', 'states'],
    ['sagemaker:UpdateEndpoint', 'sagemaker'],
  ])('that may %s has business with what signatures call %s', (action, service) => {
    expect(mentions(policy(action), iamPrefix(service))).toBe(true);
    expect(mentions(policy('s3:GetObject'), iamPrefix(service))).toBe(false);
  });
});
