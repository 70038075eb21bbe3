/** CloudWatch Logs filter patterns over CloudTrail events: what somebody must look at whenever it happens. */

/** Anything done with, or an attempt to assume, a role. */
export function usesRole(roleName: string): string {
  return any(
    `$.userIdentity.sessionContext.sessionIssuer.userName = "${roleName}"`,
    all('$.eventName = "AssumeRole"', `$.requestParameters.roleArn = "*:role/${roleName}"`),
  );
}

/** A change to one of these KMS keys or to an alias of theirs. An event about an alias lists key and alias in either order. */
export function changesKeys(keyArns: readonly string[]): string {
  return all(
    '$.eventSource = "kms.amazonaws.com"',
    oneOf('$.eventName', [
      'CreateGrant',
      'DeleteAlias',
      'DisableKey',
      'PutKeyPolicy',
      'ScheduleKeyDeletion',
      'UpdateAlias',
    ]),
    any(oneOf('$.resources[0].ARN', keyArns), oneOf('$.resources[1].ARN', keyArns)),
  );
}

/** A change to the configuration of one of the buckets, or to the trail. */
export function changesProtection(bucketNames: readonly string[], trailName: string): string {
  return any(
    all(
      '$.eventSource = "s3.amazonaws.com"',
      oneOf('$.requestParameters.bucketName', bucketNames),
      oneOf('$.eventName', ['PutBucket*', 'DeleteBucket*', 'PutObjectLockConfiguration']),
    ),
    all(
      '$.eventSource = "cloudtrail.amazonaws.com"',
      oneOf('$.eventName', ['DeleteTrail', 'PutEventSelectors', 'StopLogging', 'UpdateTrail']),
      // The parameter is the trail's name or its ARN.
      `$.requestParameters.name = "*${trailName}"`,
    ),
  );
}

/** KMS refusing for the account's rate. KMS publishes no metric of it. */
export const KMS_THROTTLED = all('$.eventSource = "kms.amazonaws.com"', '$.errorCode = "ThrottlingException"');

/** The pattern as the template wants it. */
export function pattern(condition: string): string {
  return `{ ${condition} }`;
}

function all(...conditions: string[]): string {
  return `(${conditions.map((condition) => `(${condition})`).join(' && ')})`;
}

function any(...conditions: string[]): string {
  return `(${conditions.map((condition) => `(${condition})`).join(' || ')})`;
}

function oneOf(selector: string, values: readonly string[]): string {
  return any(...values.map((value) => `${selector} = "${value}"`));
}
