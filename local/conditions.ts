import { type AwsCall, asObject, listAt } from './aws-call.ts';

/** Values of the IAM condition keys that a request decides, by their names. None of them is a secret. */
export type Conditions = Readonly<Record<string, string | readonly string[]>>;

/**
 * What policies may ask of a call beyond its action and resource. Source: "Actions, resources, and condition keys for AWS
 * services", Service Authorization Reference. S3's follow from the recorded headers instead.
 */
export function conditionsOf({ service, operation, input = {} }: AwsCall): Conditions {
  switch (`${service}:${operation}`) {
    case 'kms:Sign':
      return { ...text('kms:SigningAlgorithm', input.SigningAlgorithm), ...text('kms:MessageType', input.MessageType) };
    case 'kms:Decrypt':
    case 'kms:Encrypt':
    case 'kms:GenerateDataKey':
      return encryptionContext(asObject(input.EncryptionContext));
    case 'events:PutEvents':
      return { 'events:source': [...new Set(listAt(input, 'Entries').map((entry) => String(asObject(entry).Source)))] };
    case 'monitoring:PutMetricData':
      return text('cloudwatch:namespace', input.Namespace);
    case 'sagemaker:CreateModel':
      return {
        'sagemaker:NetworkIsolation': String(input.EnableNetworkIsolation === true),
        ...tags(listAt(input, 'Tags')),
      };
    case 'sagemaker:CreateEndpointConfig': {
      const variants = listAt(input, 'ProductionVariants').map(asObject);
      return {
        'sagemaker:InstanceTypes': variants.map(({ InstanceType }) => String(InstanceType)),
        ...tags(listAt(input, 'Tags')),
      };
    }
    case 'sagemaker:CreateEndpoint':
    case 'sagemaker:CreateModelPackageGroup':
    case 'sagemaker:AddTags':
      return tags(listAt(input, 'Tags'));
    default:
      return {};
  }
}

function encryptionContext(context: Readonly<Record<string, unknown>>): Conditions {
  const names = Object.keys(context);
  if (names.length === 0) return {};
  return {
    'kms:EncryptionContextKeys': names,
    ...Object.fromEntries(names.map((name) => [`kms:EncryptionContext:${name}`, String(context[name])])),
  };
}

function tags(list: readonly unknown[]): Conditions {
  if (list.length === 0) return {};
  const pairs = list.map(asObject).map(({ Key, Value }) => [String(Key), String(Value)] as const);
  return {
    'aws:TagKeys': pairs.map(([key]) => key),
    ...Object.fromEntries(pairs.map(([key, value]) => [`aws:RequestTag/${key}`, value])),
  };
}

function text(name: string, value: unknown): Conditions {
  return typeof value === 'string' ? { [name]: value } : {};
}
