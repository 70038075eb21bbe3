import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { HttpResponse } from '@smithy/protocol-http';

/** What a service does with one request: an answer on the wire, or a connection that breaks. */
export type WireAnswer = { readonly status: number; readonly body: object } | Error;

/** A client of DynamoDB that is answered from a list, in order, and how often it asked. */
export function answeringDynamo(answers: readonly WireAnswer[]) {
  let calls = 0;
  const client = new DynamoDBClient({
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
  });
  return { client, calls: () => calls };
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
