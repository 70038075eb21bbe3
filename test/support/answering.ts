import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { KMSClient } from '@aws-sdk/client-kms';
import { SESv2Client } from '@aws-sdk/client-sesv2';
import { HttpResponse } from '@smithy/protocol-http';

/** What a service does with one request: an answer on the wire, or a connection that breaks. */
export type WireAnswer = { readonly status: number; readonly body: object } | Error;

/** What clients are made with that are answered from a list, in order; the last answer stands for all that follow. */
function wire(answers: readonly WireAnswer[]) {
  let calls = 0;
  const config = {
    region: 'eu-west-1',
    endpoint: 'http://localhost',
    credentials: { accessKeyId: 'x', secretAccessKey: 'x' },
    maxAttempts: 1,
    requestHandler: {
      handle: async () => {
        const answer = answers[Math.min(calls++, answers.length - 1)];
        if (!answer || answer instanceof Error) throw answer ?? new Error('nothing to answer');
        const headers = { 'content-type': 'application/x-amz-json-1.0' };
        const body = Buffer.from(JSON.stringify(answer.body));
        return { response: new HttpResponse({ statusCode: answer.status, headers, body }) };
      },
    },
  };
  return { config, calls: () => calls };
}

/** A client of DynamoDB, and how often it asked. */
export function answeringDynamo(answers: readonly WireAnswer[]) {
  const { config, calls } = wire(answers);
  return { client: new DynamoDBClient(config), calls };
}

/** A client of KMS. */
export function answeringKms(answers: readonly WireAnswer[]): KMSClient {
  return new KMSClient(wire(answers).config);
}

/** A client of SES. */
export function answeringSes(answers: readonly WireAnswer[]): SESv2Client {
  return new SESv2Client(wire(answers).config);
}

/** How KMS refuses. */
export function refusedByKms(name: string): WireAnswer {
  return { status: 400, body: { __type: name, message: 'refused' } };
}

/** A transaction that DynamoDB cancelled, for one reason per item. */
export function cancelled(...codes: readonly string[]): WireAnswer {
  return {
    status: 400,
    body: {
      __type: 'com.amazonaws.dynamodb.v20120810#TransactionCanceledException',
      Message: 'Transaction cancelled',
      CancellationReasons: codes.map((Code) => ({ Code, Message: `because of ${Code}` })),
    },
  };
}
