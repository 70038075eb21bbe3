import * as apigateway from 'aws-cdk-lib/aws-apigateway';
import { Construct } from 'constructs';

/** A refusal by API Gateway itself, before any handler of ours runs. */
interface GatewayProblem {
  readonly type: apigateway.ResponseType;
  readonly status: number;
  readonly code: string;
  readonly title: string;
}

const { ResponseType } = apigateway;

/** Every response type of API Gateway. The default pair answers for any that AWS may add. */
const GATEWAY_PROBLEMS: readonly GatewayProblem[] = [
  { type: ResponseType.ACCESS_DENIED, status: 403, code: 'ACCESS_DENIED', title: 'The caller may not call this route' },
  { type: ResponseType.BAD_REQUEST_BODY, status: 400, code: 'REQUEST_INVALID', title: 'The request is not valid' },
  {
    type: ResponseType.BAD_REQUEST_PARAMETERS,
    status: 400,
    code: 'REQUEST_INVALID',
    title: 'The request is not valid',
  },
  { type: ResponseType.EXPIRED_TOKEN, status: 403, code: 'CREDENTIALS_EXPIRED', title: 'The credentials have expired' },
  {
    type: ResponseType.INVALID_API_KEY,
    status: 403,
    code: 'ACCESS_DENIED',
    title: 'The caller may not call this route',
  },
  {
    type: ResponseType.INVALID_SIGNATURE,
    status: 403,
    code: 'REQUEST_SIGNATURE_INVALID',
    title: 'The AWS signature of the request does not verify',
  },
  {
    // What API Gateway answers for an unsigned request, and for a path that no route has.
    type: ResponseType.MISSING_AUTHENTICATION_TOKEN,
    status: 403,
    code: 'REQUEST_UNSIGNED_OR_ROUTE_UNKNOWN',
    title: 'The request has no AWS signature, or there is no such route',
  },
  { type: ResponseType.QUOTA_EXCEEDED, status: 429, code: 'THROTTLED', title: 'Too many requests' },
  { type: ResponseType.REQUEST_TOO_LARGE, status: 413, code: 'BODY_TOO_LARGE', title: 'The request body is too large' },
  { type: ResponseType.RESOURCE_NOT_FOUND, status: 404, code: 'ROUTE_NOT_FOUND', title: 'No such route' },
  { type: ResponseType.THROTTLED, status: 429, code: 'THROTTLED', title: 'Too many requests' },
  { type: ResponseType.UNAUTHORIZED, status: 401, code: 'UNAUTHORIZED', title: 'The caller is not known' },
  {
    type: ResponseType.UNSUPPORTED_MEDIA_TYPE,
    status: 415,
    code: 'MEDIA_TYPE_UNSUPPORTED',
    title: 'The media type is not supported',
  },
  { type: ResponseType.WAF_FILTERED, status: 403, code: 'FIREWALL_REFUSED', title: 'The firewall refused the request' },
  { type: ResponseType.DEFAULT_4XX, status: 400, code: 'REQUEST_INVALID', title: 'The request is not valid' },
  { type: ResponseType.API_CONFIGURATION_ERROR, status: 500, code: 'INTERNAL', title: 'Internal error' },
  { type: ResponseType.AUTHORIZER_CONFIGURATION_ERROR, status: 500, code: 'INTERNAL', title: 'Internal error' },
  { type: ResponseType.AUTHORIZER_FAILURE, status: 500, code: 'INTERNAL', title: 'Internal error' },
  {
    type: ResponseType.INTEGRATION_FAILURE,
    status: 504,
    code: 'DEPENDENCY_UNAVAILABLE',
    title: 'A dependency is unavailable',
  },
  {
    type: ResponseType.INTEGRATION_TIMEOUT,
    status: 504,
    code: 'DEPENDENCY_UNAVAILABLE',
    title: 'A dependency is unavailable',
  },
  { type: ResponseType.DEFAULT_5XX, status: 500, code: 'INTERNAL', title: 'Internal error' },
];

/** Makes every refusal by the gateway a problem document (RFC 9457), as the handlers' are. */
export class GatewayResponses extends Construct {
  constructor(scope: Construct, id: string, props: { readonly api: apigateway.RestApi }) {
    super(scope, id);
    for (const problem of GATEWAY_PROBLEMS) {
      props.api.addGatewayResponse(problem.type.responseType, {
        type: problem.type,
        statusCode: String(problem.status),
        responseHeaders: {
          'Content-Type': "'application/problem+json'",
          'Cache-Control': "'no-store'",
        },
        templates: { 'application/json': problemTemplate(problem) },
      });
    }
  }
}

/**
 * The mapping template. API Gateway replaces `$context` variables and nothing else here; `messageString` is its own
 * message, quoted. Only refusals of the caller's doing carry it: a 5xx says nothing about the inside.
 */
function problemTemplate({ status, code, title }: GatewayProblem): string {
  const fields = [
    `"type":"https://countersign.dev/problems/${code.toLowerCase().replaceAll('_', '-')}"`,
    `"title":${JSON.stringify(title)}`,
    `"status":${status}`,
    ...(status < 500 ? ['"detail":$context.error.messageString'] : []),
    `"code":"${code}"`,
    '"instance":"$context.requestId"',
  ];
  return `{${fields.join(',')}}`;
}
