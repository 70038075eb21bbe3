import { Readable } from 'node:stream';
import { SageMakerClient } from '@aws-sdk/client-sagemaker';
import { type HttpRequest, HttpResponse } from '@smithy/protocol-http';
import { SageMaker, type SageMakerOptions } from '../../local/sagemaker/control-plane.ts';
import { sagemakerAnswer } from '../../local/sagemaker/wire.ts';

/** The local SageMaker over a clock that a test moves, and the SDK's own client to it: nothing between them but the wire. */
export function localSageMaker(options: Omit<SageMakerOptions, 'region' | 'accountId'>) {
  const sagemaker = new SageMaker({ region: 'eu-west-1', accountId: '111122223333', ...options });
  // The test alone moves time.
  sagemaker.close();
  const calls: string[] = [];
  const client = new SageMakerClient({
    region: 'eu-west-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
    requestHandler: {
      async handle(request: HttpRequest) {
        const operation = String(request.headers['x-amz-target']).replace('SageMaker.', '');
        calls.push(operation);
        const input = JSON.parse(new TextDecoder().decode(request.body));
        const { status, body } = await sagemakerAnswer(
          sagemaker,
          { service: 'sagemaker', operation, resources: {}, input },
          'request',
        );
        return {
          response: new HttpResponse({
            statusCode: status,
            headers: { 'content-type': 'application/x-amz-json-1.1' },
            body: Readable.from([body]),
          }),
        };
      },
    },
  });
  return { sagemaker, client, calls };
}
