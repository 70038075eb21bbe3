import { conditionsOf, known, type Place, type Question, type RecordedCall } from './recorded-call.ts';
import { alarmQuestions, hostingQuestions, mailQuestions, stateMachineQuestion } from './replay-promotion.ts';

/**
 * Everything that IAM is asked when a call is made, companion permissions included: the lock headers of a PutObject
 * need s3:PutObjectRetention, an encrypted object or table needs its key, a copy needs its source.
 * Sources: "Required permissions for Amazon S3 API operations", "How DynamoDB uses AWS KMS".
 *
 * @throws Error for an operation that it does not know, so that no call passes unasked.
 */
export function questionsOf(call: RecordedCall, place: Place): readonly Question[] {
  switch (call.service) {
    case 's3':
      return s3Questions(call, place);
    case 'dynamodb':
      return dynamodbQuestions(call, place);
    case 'kms':
      return [kmsQuestion(call)];
    case 'lambda':
      return [
        {
          action: 'lambda:InvokeFunction',
          resource: `arn:aws:lambda:${place.region}:${place.account}:function:${known(call.resources.function, call)}`,
        },
      ];
    case 'states':
      return [stateMachineQuestion(call, place)];
    case 'sagemaker':
      return hostingQuestions(call, place);
    case 'ses':
      return mailQuestions(call, place);
    case 'monitoring':
      return alarmQuestions(call, place);
    case 'events':
      return known(call.resources.buses, call).map((bus) => ({
        action: `events:${call.operation}`,
        resource: `arn:aws:events:${place.region}:${place.account}:event-bus/${bus}`,
        context: conditionsOf(call, 'events:source'),
      }));
    default:
      throw new Error(`calls of ${call.service} are not known`);
  }
}

const READ = ['kms:Decrypt'];
const WRITE = ['kms:GenerateDataKey'];
/** A part is encrypted with the data key of its upload. */
const WRITE_PART = ['kms:Decrypt', 'kms:GenerateDataKey'];

function s3Questions(call: RecordedCall, place: Place): readonly Question[] {
  const bucket = `arn:aws:s3:::${known(call.resources.bucket, call)}`;
  const object = `${bucket}/${call.resources.key ?? ''}`;
  const ask = (action: string, context: Question['context'] = {}): Question => ({
    action: `s3:${action}`,
    resource: action.startsWith('List') && action !== 'ListMultipartUploadParts' ? bucket : object,
    context,
  });
  const key = (actions: readonly string[]) => keyQuestions(actions, 's3', place);
  const version = call.resources.versionId === undefined ? '' : 'Version';
  switch (call.operation) {
    case 'PutObject':
      return [ask('PutObject', creation(call, place)), ...lockQuestions(ask, call, place), ...key(WRITE)];
    case 'CreateMultipartUpload':
      return [ask('PutObject', part(call, place)), ...lockQuestions(ask, call, place), ...key(WRITE)];
    case 'UploadPart':
      return [ask('PutObject', part(call, place)), ...key(WRITE_PART)];
    case 'UploadPartCopy':
      return [ask('PutObject', part(call, place)), ...sourceQuestions(call), ...key(WRITE_PART)];
    case 'CompleteMultipartUpload':
      return [ask('PutObject', creation(call, place)), ...key(WRITE_PART)];
    case 'AbortMultipartUpload':
      return [ask('AbortMultipartUpload')];
    case 'ListParts':
      return [ask('ListMultipartUploadParts')];
    // A request that names a version is another action.
    case 'GetObject':
    case 'HeadObject':
      return [ask(`GetObject${version}`), ...key(READ)];
    case 'DeleteObject':
      return [ask(`DeleteObject${version}`)];
    case 'GetObjectRetention':
    case 'GetObjectLegalHold':
    case 'PutObjectLegalHold':
      return [ask(call.operation)];
    case 'PutObjectRetention':
      return [ask('PutObjectRetention')];
    case 'ListObjects':
    case 'ListObjectsV2':
      return [ask('ListBucket')];
    case 'ListObjectVersions':
      return [ask('ListBucketVersions')];
    default:
      throw new Error(`the S3 operation ${call.operation} is not known`);
  }
}

/** Condition keys of a request that makes an object. */
function creation(call: RecordedCall, place: Place): Record<string, string> {
  const ifNoneMatch = call.headers['if-none-match'];
  return {
    's3:ObjectCreationOperation': 'true',
    ...(ifNoneMatch === undefined ? {} : { 's3:if-none-match': ifNoneMatch }),
    ...lock(call, place),
    ...encryption(call),
  };
}

/** Condition keys of a request that prepares an object and makes none. */
function part(call: RecordedCall, place: Place): Record<string, string> {
  return { 's3:ObjectCreationOperation': 'false', ...lock(call, place), ...encryption(call) };
}

function lock({ headers }: RecordedCall, { now }: Place): Record<string, string> {
  const mode = headers['x-amz-object-lock-mode'];
  const until = headers['x-amz-object-lock-retain-until-date'];
  return {
    ...(mode === undefined ? {} : { 's3:object-lock-mode': mode }),
    ...(until === undefined
      ? {}
      : {
          's3:object-lock-retain-until-date': until,
          's3:object-lock-remaining-retention-days': String(
            Math.floor((new Date(until).getTime() - now.getTime()) / 86_400_000),
          ),
        }),
  };
}

function encryption({ headers }: RecordedCall): Record<string, string> {
  const names = ['x-amz-server-side-encryption', 'x-amz-server-side-encryption-aws-kms-key-id'] as const;
  return Object.fromEntries(
    names.flatMap((name) => (headers[name] === undefined ? [] : [[`s3:${name}`, headers[name]]])),
  );
}

function lockQuestions(
  ask: (action: string, context: Question['context']) => Question,
  call: RecordedCall,
  place: Place,
): readonly Question[] {
  const context = lock(call, place);
  return [
    ...(Object.keys(context).length === 0 ? [] : [ask('PutObjectRetention', context)]),
    ...(call.headers['x-amz-object-lock-legal-hold'] === undefined ? [] : [ask('PutObjectLegalHold', {})]),
  ];
}

function sourceQuestions(call: RecordedCall): readonly Question[] {
  const source = decodeURIComponent(known(call.headers['x-amz-copy-source'], call)).replace(/^\//, '');
  const resource = `arn:aws:s3:::${source.split('?')[0]}`;
  const action = source.includes('?versionId=') ? 's3:GetObjectVersion' : 's3:GetObject';
  return [{ action, resource }];
}

/** What each action of a transaction needs. */
const TRANSACTION_ACTIONS: Readonly<Record<string, string>> = {
  ConditionCheck: 'ConditionCheckItem',
  Delete: 'DeleteItem',
  Put: 'PutItem',
  Update: 'UpdateItem',
};

function dynamodbQuestions(call: RecordedCall, place: Place): readonly Question[] {
  const table = (name: string) => `arn:aws:dynamodb:${place.region}:${place.account}:table/${name}`;
  const key = keyQuestions(READ, 'dynamodb', place);
  if (call.operation === 'TransactWriteItems') {
    return [
      ...(call.actions ?? []).map(({ action, table: name, partition }) => ({
        action: `dynamodb:${known(TRANSACTION_ACTIONS[action], call)}`,
        resource: table(name),
        ...(partition === undefined ? {} : { context: { 'dynamodb:LeadingKeys': [partition] } }),
      })),
      ...key,
    ];
  }
  const { index } = call.resources;
  return [
    ...(call.resources.tables ?? []).map((name) => ({
      action: `dynamodb:${call.operation}`,
      resource: index === undefined ? table(name) : `${table(name)}/index/${index}`,
    })),
    ...key,
  ];
}

function kmsQuestion(call: RecordedCall): Question {
  const needed = call.operation === 'Sign' ? ['kms:SigningAlgorithm', 'kms:MessageType'] : [];
  return {
    action: `kms:${call.operation}`,
    resource: known(call.resources.keyId, call),
    context: conditionsOf(call, ...needed),
  };
}

function keyQuestions(actions: readonly string[], service: string, place: Place): readonly Question[] {
  return actions.map((action) => ({
    action,
    resource: place.dataKeyArn,
    context: { 'kms:ViaService': `${service}.${place.region}.amazonaws.com` },
  }));
}
