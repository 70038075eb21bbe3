import { DEFAULT_BUS } from './events/bus.ts';
import { bareAddress } from './mail/send-email.ts';
import { headerValues, type WireRequest } from './sigv4.ts';

/** One request to an AWS service, by the names that the service's own documentation uses. */
export interface AwsCall {
  readonly service: string;
  /** API operation, such as `PutObject`. */
  readonly operation: string;
  /** What it names, by kind. */
  readonly resources: AwsResources;
  /** Parsed JSON body of the JSON protocols. */
  readonly input?: Readonly<Record<string, unknown>>;
}

export interface AwsResources {
  readonly bucket?: string;
  /** S3 object key, decoded. */
  readonly key?: string;
  /** Version that an S3 request names. */
  readonly versionId?: string;
  readonly tables?: readonly string[];
  readonly index?: string;
  readonly keyId?: string;
  readonly queue?: string;
  readonly function?: string;
  /** ARN. */
  readonly stateMachine?: string;
  /** ARN. */
  readonly execution?: string;
  readonly model?: string;
  readonly endpoint?: string;
  readonly endpointConfig?: string;
  readonly packageGroup?: string;
  /** ARN of a version in a group. */
  readonly package?: string;
  /** ARN of what tags are about. */
  readonly tagged?: string;
  /** ARN of a role that a service is handed. */
  readonly passedRole?: string;
  /** Names. */
  readonly alarms?: readonly string[];
  /** Names of what events are put on. */
  readonly buses?: readonly string[];
  /** Address that a mail comes from. */
  readonly sender?: string;
  readonly configurationSet?: string;
}

/** Which operation of which service a signed request asks for. `body` is absent where it is streamed (S3). */
export function classify(service: string, request: WireRequest, body?: Uint8Array): AwsCall {
  if (service === 's3') return classifyS3(request);
  if (service === 'lambda') return classifyLambda(request);
  if (service === 'ses') return classifySes(request, parseObject(body));
  const target = headerValues(request, 'x-amz-target')[0];
  if (target !== undefined) return classifyJson(service, target, parseObject(body));
  const rpc = /\/operation\/(\w+)$/.exec(request.path)?.[1];
  if (rpc !== undefined) return { service, operation: rpc, resources: {} };
  const form = new URLSearchParams(Buffer.from(body ?? []).toString('utf8'));
  return { service, operation: form.get('Action') ?? 'Unknown', resources: {} };
}

function classifyJson(service: string, target: string, input: Readonly<Record<string, unknown>>): AwsCall {
  const operation = target.slice(target.lastIndexOf('.') + 1);
  if (service === 'dynamodb') return { service, operation, resources: dynamodbResources(input), input };
  const named = Object.entries(JSON_RESOURCES).map(([kind, member]) => [kind, textAt(input, member)] as const);
  const alarm = textAt(input, 'AlarmName');
  const alarms = [...(alarm === undefined ? [] : [alarm]), ...listAt(input, 'AlarmNames').map(String)];
  const resources: AwsResources = {
    ...Object.fromEntries(named.filter(([, value]) => value !== undefined)),
    ...(alarms.length === 0 ? {} : { alarms }),
    ...(operation === 'PutEvents' ? { buses: busesOf(input) } : {}),
  };
  return { service, operation, resources, input };
}

function busesOf(input: Readonly<Record<string, unknown>>): readonly string[] {
  const names = listAt(input, 'Entries').map((entry) => textAt(asObject(entry), 'EventBusName') ?? DEFAULT_BUS);
  return [...new Set(names)];
}

/** Members of a request that name a resource: of KMS, SQS, Step Functions (in lower case) and SageMaker. */
const JSON_RESOURCES = {
  keyId: 'KeyId',
  queue: 'QueueUrl',
  stateMachine: 'stateMachineArn',
  execution: 'executionArn',
  model: 'ModelName',
  endpoint: 'EndpointName',
  endpointConfig: 'EndpointConfigName',
  packageGroup: 'ModelPackageGroupName',
  package: 'ModelPackageArn',
  tagged: 'ResourceArn',
  passedRole: 'ExecutionRoleArn',
} as const satisfies Partial<Record<keyof AwsResources, string>>;

function dynamodbResources(input: Readonly<Record<string, unknown>>): AwsResources {
  const tables = new Set<string>();
  const table = textAt(input, 'TableName');
  if (table !== undefined) tables.add(table);
  for (const action of listAt(input, 'TransactItems')) {
    for (const part of Object.values(asObject(action))) {
      const name = textAt(asObject(part), 'TableName');
      if (name !== undefined) tables.add(name);
    }
  }
  for (const name of Object.keys(asObject(input.RequestItems))) tables.add(name);
  const index = textAt(input, 'IndexName');
  return { tables: [...tables], ...(index === undefined ? {} : { index }) };
}

function classifyLambda(request: WireRequest): AwsCall {
  const match = /^\/2015-03-31\/functions\/([^/]+)\/invocations$/.exec(request.path);
  const name = match?.[1] === undefined ? undefined : decodeURIComponent(match[1]);
  if (request.method !== 'POST' || name === undefined)
    return { service: 'lambda', operation: 'Unknown', resources: {} };
  // An ARN and a name with a qualifier are accepted too; what remains is the bare name.
  const bare = name.startsWith('arn:') ? (name.split(':')[6] ?? name) : (name.split(':')[0] ?? name);
  return { service: 'lambda', operation: 'Invoke', resources: { function: bare } };
}

/** Of SES v2 (REST), what functions call; the rest goes by unnamed. */
function classifySes(request: WireRequest, input: Readonly<Record<string, unknown>>): AwsCall {
  if (request.method !== 'POST' || request.path !== '/v2/email/outbound-emails') {
    return { service: 'ses', operation: 'Unknown', resources: {} };
  }
  const sender = textAt(input, 'FromEmailAddress');
  const configurationSet = textAt(input, 'ConfigurationSetName');
  return {
    service: 'ses',
    operation: 'SendEmail',
    resources: {
      ...(sender === undefined ? {} : { sender: bareAddress(sender) }),
      ...(configurationSet === undefined ? {} : { configurationSet }),
    },
    input,
  };
}

/** Sub-resources that change what a method on an object or bucket means, with the operation's noun. */
const OBJECT_SUBRESOURCES: Readonly<Record<string, string>> = {
  retention: 'ObjectRetention',
  'legal-hold': 'ObjectLegalHold',
  tagging: 'ObjectTagging',
  acl: 'ObjectAcl',
  attributes: 'ObjectAttributes',
};
const BUCKET_SUBRESOURCES: Readonly<Record<string, string>> = {
  versioning: 'BucketVersioning',
  'object-lock': 'ObjectLockConfiguration',
  encryption: 'BucketEncryption',
  policy: 'BucketPolicy',
  lifecycle: 'BucketLifecycleConfiguration',
  publicAccessBlock: 'PublicAccessBlock',
  location: 'BucketLocation',
  logging: 'BucketLogging',
  tagging: 'BucketTagging',
};
const VERBS: Readonly<Record<string, string>> = {
  GET: 'Get',
  PUT: 'Put',
  DELETE: 'Delete',
  POST: 'Post',
  HEAD: 'Head',
};

/** S3 names its operations by method, path and query: "Amazon S3 API Reference", the request syntax of each. */
function classifyS3(request: WireRequest): AwsCall {
  const [, bucket = '', ...rest] = request.path.split('/').map(decodeURIComponent);
  const key = rest.join('/');
  const query = new URLSearchParams(request.query);
  const versionId = query.get('versionId');
  const operation = key === '' ? bucketOperation(request.method, bucket, query) : objectOperation(request, query);
  return {
    service: 's3',
    operation,
    resources: {
      ...(bucket === '' ? {} : { bucket }),
      ...(key === '' ? {} : { key }),
      ...(versionId === null ? {} : { versionId }),
    },
  };
}

function bucketOperation(method: string, bucket: string, query: URLSearchParams): string {
  if (bucket === '') return 'ListBuckets';
  for (const [name, noun] of Object.entries(BUCKET_SUBRESOURCES)) {
    if (query.has(name)) return `${VERBS[method] ?? method}${noun}`;
  }
  if (method === 'POST' && query.has('delete')) return 'DeleteObjects';
  if (method === 'GET' && query.has('versions')) return 'ListObjectVersions';
  if (method === 'GET' && query.has('uploads')) return 'ListMultipartUploads';
  if (method === 'GET') return query.get('list-type') === '2' ? 'ListObjectsV2' : 'ListObjects';
  if (method === 'PUT') return 'CreateBucket';
  return `${VERBS[method] ?? method}Bucket`;
}

function objectOperation(request: WireRequest, query: URLSearchParams): string {
  const { method } = request;
  for (const [name, noun] of Object.entries(OBJECT_SUBRESOURCES)) {
    if (query.has(name)) return `${VERBS[method] ?? method}${noun}`;
  }
  const copies = headerValues(request, 'x-amz-copy-source').length > 0;
  if (query.has('partNumber') && method === 'PUT') return copies ? 'UploadPartCopy' : 'UploadPart';
  if (query.has('uploadId')) {
    if (method === 'POST') return 'CompleteMultipartUpload';
    return method === 'DELETE' ? 'AbortMultipartUpload' : 'ListParts';
  }
  if (query.has('uploads') && method === 'POST') return 'CreateMultipartUpload';
  if (method === 'PUT' && copies) return 'CopyObject';
  return `${VERBS[method] ?? method}Object`;
}

function parseObject(body: Uint8Array | undefined): Readonly<Record<string, unknown>> {
  try {
    return asObject(JSON.parse(Buffer.from(body ?? []).toString('utf8')));
  } catch {
    // Not JSON: the service refuses it in its own words.
    return {};
  }
}

/** The value as an object, or an empty one. */
export function asObject(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
}

/** The list under a name, or an empty one. */
export function listAt(object: Readonly<Record<string, unknown>>, name: string): readonly unknown[] {
  const value = object[name];
  return Array.isArray(value) ? value : [];
}

/** The text under a name; undefined if there is none. */
function textAt(object: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const value = object[name];
  return typeof value === 'string' ? value : undefined;
}
