import * as apigateway from 'aws-cdk-lib/aws-apigateway';
import { Construct } from 'constructs';
import { PROBLEMS, type ProblemCode, problemType } from '../../lib/contracts/problems.ts';

const { ResponseType } = apigateway;

/** What API Gateway refuses by itself, by its response type; all of them. The default pair answers for any that AWS may add. */
const GATEWAY_PROBLEMS: readonly (readonly [apigateway.ResponseType, ProblemCode])[] = [
  [ResponseType.ACCESS_DENIED, 'ACCESS_DENIED'],
  [ResponseType.API_CONFIGURATION_ERROR, 'INTERNAL'],
  [ResponseType.AUTHORIZER_CONFIGURATION_ERROR, 'INTERNAL'],
  [ResponseType.AUTHORIZER_FAILURE, 'INTERNAL'],
  [ResponseType.BAD_REQUEST_BODY, 'REQUEST_INVALID'],
  [ResponseType.BAD_REQUEST_PARAMETERS, 'REQUEST_INVALID'],
  [ResponseType.DEFAULT_4XX, 'REQUEST_INVALID'],
  [ResponseType.DEFAULT_5XX, 'INTERNAL'],
  [ResponseType.EXPIRED_TOKEN, 'CREDENTIALS_EXPIRED'],
  [ResponseType.INTEGRATION_FAILURE, 'DEPENDENCY_UNAVAILABLE'],
  [ResponseType.INTEGRATION_TIMEOUT, 'ANSWER_TIMED_OUT'],
  [ResponseType.INVALID_API_KEY, 'ACCESS_DENIED'],
  [ResponseType.INVALID_SIGNATURE, 'REQUEST_SIGNATURE_INVALID'],
  // What API Gateway answers for an unsigned request, and for a path that no route has.
  [ResponseType.MISSING_AUTHENTICATION_TOKEN, 'REQUEST_UNSIGNED_OR_ROUTE_UNKNOWN'],
  [ResponseType.QUOTA_EXCEEDED, 'THROTTLED'],
  [ResponseType.REQUEST_TOO_LARGE, 'BODY_TOO_LARGE'],
  [ResponseType.RESOURCE_NOT_FOUND, 'ROUTE_NOT_FOUND'],
  [ResponseType.THROTTLED, 'THROTTLED'],
  [ResponseType.UNAUTHORIZED, 'UNAUTHORIZED'],
  [ResponseType.UNSUPPORTED_MEDIA_TYPE, 'MEDIA_TYPE_UNSUPPORTED'],
  [ResponseType.WAF_FILTERED, 'FIREWALL_REFUSED'],
];

/** Makes every refusal by the gateway a problem document (RFC 9457), as the handlers' are. */
export class GatewayResponses extends Construct {
  constructor(scope: Construct, id: string, props: { readonly api: apigateway.RestApi }) {
    super(scope, id);
    for (const [type, code] of GATEWAY_PROBLEMS) {
      props.api.addGatewayResponse(type.responseType, {
        type,
        statusCode: String(PROBLEMS[code].status),
        responseHeaders: {
          'Content-Type': "'application/problem+json'",
          'Cache-Control': "'no-store'",
        },
        templates: { 'application/json': problemTemplate(code) },
      });
    }
  }
}

/**
 * The mapping template. API Gateway replaces `$context` variables and nothing else here; `messageString` is its own
 * message, quoted. Only refusals of the caller's doing carry it: a 5xx says nothing about the inside.
 */
function problemTemplate(code: ProblemCode): string {
  const { status, title } = PROBLEMS[code];
  const fields = [
    `"type":"${problemType(code)}"`,
    `"title":${JSON.stringify(title)}`,
    `"status":${status}`,
    ...(status < 500 ? ['"detail":$context.error.messageString'] : []),
    `"code":"${code}"`,
    '"instance":"urn:countersign:request:$context.requestId"',
  ];
  return `{${fields.join(',')}}`;
}
