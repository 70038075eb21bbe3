import type { APIGatewayProxyEvent, Context } from 'aws-lambda';
import { describe, expect, it } from 'vitest';
import { DomainError } from '../../../lib/core/errors.ts';
import { api, type Handle, loggingProblems } from '../../../lib/runtime/http.ts';
import { linesOf } from '../../support/log-lines.ts';

async function answer(serve: Handle): Promise<{ status: number; document: Record<string, unknown> }> {
  const event: Partial<APIGatewayProxyEvent> = {
    httpMethod: 'GET',
    resource: '/v1/status',
    headers: {},
    body: null,
    pathParameters: null,
    queryStringParameters: null,
  };
  const identity = {
    caller: 'AROAEXAMPLE:session',
    accountId: '111122223333',
    userArn: 'arn:aws:iam::111122223333:role/r',
  };
  Object.assign(event, { requestContext: { requestId: 'request-1', identity } });
  const context: Partial<Context> = { awsRequestId: 'aws-1' };
  const { statusCode, body } = await api({ 'GET /v1/status': serve })(
    event as APIGatewayProxyEvent,
    context as Context,
  );
  return { status: statusCode, document: JSON.parse(Buffer.from(body, 'base64').toString('utf8')) };
}

describe('a problem document', () => {
  it('quotes no more than a thousand characters of what was sent', async () => {
    const long = 'x'.repeat(500_000);
    const { status, document } = await answer(async () => {
      throw new DomainError('SCHEMA_INVALID', `unknown field ${long}`, { pointer: `/${long}`, hint: `not ${long}` });
    });
    expect(status).toBe(422);
    for (const field of ['detail', 'pointer', 'hint']) {
      expect(String(document[field]), field).toMatch(/^.{1024}…$/);
    }
  });

  it('masks what is no refusal and names the request', async () => {
    const { status, document } = await answer(async () => {
      throw new TypeError('secret internals');
    });
    expect(status).toBe(500);
    expect(document).toMatchObject({ code: 'INTERNAL', instance: 'urn:countersign:request:request-1' });
    expect(JSON.stringify(document)).not.toContain('secret');
  });
});

describe('what no request waits for', () => {
  it.each([
    [new DomainError('INTEGRITY_FAILURE', 'the row is none'), 'INTEGRITY_FAILURE'],
    [new TypeError('a defect'), 'INTERNAL'],
  ])('is logged by its code when it breaks down, and breaks down all the same: %s', async (error, message) => {
    const work = async () => {
      throw error;
    };
    const lines = await linesOf(() => expect(loggingProblems(work)).rejects.toBe(error));
    expect(lines).toMatchObject([{ level: 'ERROR', message }]);
  });
});
