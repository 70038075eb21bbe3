import type { ServerResponse } from 'node:http';
import type { SignatureError, SignatureFault } from './sigv4.ts';

/** A whole answer, small enough to be held in memory. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: string | Uint8Array;
}

export interface AwsError {
  readonly status: number;
  readonly code: string;
  readonly message: string;
}

const QUERY_SERVICES: ReadonlySet<string> = new Set(['sns', 'sts', 'iam', 'monitoring', 'cloudformation', 'email']);

/** The error in the shape that the service's own clients parse: S3 XML, query XML, REST JSON or JSON 1.0/1.1. */
export function awsErrorAnswer(service: string, error: AwsError, requestId: string): Answer {
  const { status, code, message } = error;
  const headers = { 'x-amzn-requestid': requestId };
  if (service === 's3') {
    return {
      status,
      headers: { ...headers, 'x-amz-request-id': requestId, 'content-type': 'application/xml' },
      body: `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${escapeXml(message)}</Message><RequestId>${requestId}</RequestId></Error>`,
    };
  }
  if (QUERY_SERVICES.has(service)) {
    return {
      status,
      headers: { ...headers, 'content-type': 'text/xml' },
      body: `<ErrorResponse><Error><Type>${status < 500 ? 'Sender' : 'Receiver'}</Type><Code>${code}</Code><Message>${escapeXml(message)}</Message></Error><RequestId>${requestId}</RequestId></ErrorResponse>`,
    };
  }
  if (service === 'lambda') {
    return {
      status,
      headers: { ...headers, 'content-type': 'application/json', 'x-amzn-errortype': code },
      body: JSON.stringify({ Type: status < 500 ? 'User' : 'Service', message, Message: message }),
    };
  }
  return {
    status,
    headers: { ...headers, 'content-type': `application/x-amz-json-${service === 'dynamodb' ? '1.0' : '1.1'}` },
    body: JSON.stringify({ __type: code, message, Message: message }),
  };
}

interface FaultNames {
  readonly s3: string;
  readonly others: string;
}

/** How S3 and the other services name each reason not to accept a signature. Each is answered 403. */
const FAULT_NAMES: Readonly<Record<SignatureFault, FaultNames>> = {
  missing: { s3: 'AccessDenied', others: 'MissingAuthenticationTokenException' },
  malformed: { s3: 'AuthorizationHeaderMalformed', others: 'IncompleteSignatureException' },
  'unknown-key': { s3: 'InvalidAccessKeyId', others: 'UnrecognizedClientException' },
  mismatch: { s3: 'SignatureDoesNotMatch', others: 'InvalidSignatureException' },
  expired: { s3: 'AccessDenied', others: 'InvalidSignatureException' },
  skewed: { s3: 'RequestTimeTooSkewed', others: 'InvalidSignatureException' },
  'unsigned-header': { s3: 'AccessDenied', others: 'InvalidSignatureException' },
  'unknown-token': { s3: 'InvalidToken', others: 'UnrecognizedClientException' },
  'payload-mismatch': { s3: 'XAmzContentSHA256Mismatch', others: 'InvalidSignatureException' },
};

export function ofSignature(service: string, error: SignatureError): AwsError {
  const names = FAULT_NAMES[error.fault];
  return { status: 403, code: service === 's3' ? names.s3 : names.others, message: error.message };
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

export function send(response: ServerResponse, answer: Answer): void {
  for (const [name, value] of Object.entries(answer.headers)) {
    response.setHeader(name, typeof value === 'string' ? value : [...value]);
  }
  response.statusCode = answer.status;
  response.end(answer.body);
}
