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

/**
 * A write to a table, tried or done, by anybody but the functions and the rebuilder, whose use is noticed by itself; and a
 * change to the policy that refuses it.
 */
export function writesTablesPastFunctions(stage: string): string {
  const caller = '$.userIdentity.sessionContext.sessionIssuer.userName';
  return all(
    '$.eventSource = "dynamodb.amazonaws.com"',
    any(
      all(
        '$.eventCategory = "Data"',
        isNot(caller, `countersign-${stage}-fn-*`),
        isNot(caller, `countersign-${stage}-rebuilder`),
      ),
      all(
        oneOf('$.eventName', ['DeleteResourcePolicy', 'PutResourcePolicy']),
        // The tables' names begin with the name of their stack.
        `$.requestParameters.resourceArn = "*:table/countersign-${stage}-data-*"`,
      ),
    ),
  );
}

/**
 * A change past deployments to what evidence is written by: a function, what its role is, may do and is trusted by, or the
 * workflow that runs it.
 */
export function changesWriters(stage: string, deploymentRoleArn: string): string {
  const ours = `countersign-${stage}-*`;
  return all(
    any(
      all(
        // The parameter is the function's name or its ARN.
        `$.requestParameters.functionName = "*${ours}"`,
        // Code and Configuration; both names are followed by the version of Lambda's API.
        oneOf('$.eventName', ['AddPermission*', 'UpdateFunctionC*']),
      ),
      all(
        `$.requestParameters.stateMachineArn = "*:stateMachine:${ours}"`,
        oneOf('$.eventName', ['DeleteStateMachine', 'UpdateStateMachine']),
      ),
      all(
        '$.eventSource = "iam.amazonaws.com"',
        '$.readOnly IS FALSE',
        any(
          `$.requestParameters.roleName = "${ours}"`,
          // Not AttachRolePolicy: attaching our policies to roles of others is daily work.
          all(
            `$.requestParameters.policyArn = "*:policy/${ours}"`,
            oneOf('$.eventName', ['CreatePolicyVersion', 'SetDefaultPolicyVersion']),
          ),
        ),
      ),
    ),
    isNot('$.userIdentity.sessionContext.sessionIssuer.arn', deploymentRoleArn),
  );
}

/**
 * A function or a workflow run by somebody else than the API and the workflows: a function believes what it is told of its
 * caller, and a promotion that is started in the middle passes by what comes before.
 */
export function runsPastTheApi(stage: string): string {
  const ours = `countersign-${stage}-*`;
  const caller = '$.userIdentity.sessionContext.sessionIssuer.userName';
  return all(
    any(
      all(
        '$.eventName = "Invoke*"',
        `$.requestParameters.functionName = "*${ours}"`,
        // The gateway, a stream or a rule: by a permission of the function, to which `writers-changed` looks.
        isNot('$.userIdentity.type', 'AWSService'),
      ),
      all(
        oneOf('$.eventName', ['RedriveExecution', 'StartExecution']),
        any(
          `$.requestParameters.stateMachineArn = "*:stateMachine:${ours}"`,
          `$.requestParameters.executionArn = "*:execution:${ours}"`,
        ),
      ),
    ),
    isNot(caller, `countersign-${stage}-fn-*`),
    isNot(caller, `countersign-${stage}-sm-*`),
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

/** Also where there is no such field: a comparison with what is not there never holds. */
function isNot(selector: string, value: string): string {
  return any(`${selector} NOT EXISTS`, `${selector} != "${value}"`);
}

function oneOf(selector: string, values: readonly string[]): string {
  return any(...values.map((value) => `${selector} = "${value}"`));
}
