import type { Answer } from './answers.ts';
import type { LocalApi } from './api-model.ts';

/**
 * The answers that API Gateway gives itself. Source: "Gateway response types for API Gateway", API Gateway Developer
 * Guide; the statuses are its defaults, which the template may replace.
 */
const TYPES = {
  ACCESS_DENIED: { status: 403, errorType: 'AccessDeniedException' },
  EXPIRED_TOKEN: { status: 403, errorType: 'ExpiredTokenException' },
  INVALID_SIGNATURE: { status: 403, errorType: 'InvalidSignatureException' },
  MISSING_AUTHENTICATION_TOKEN: { status: 403, errorType: 'MissingAuthenticationTokenException' },
  REQUEST_TOO_LARGE: { status: 413, errorType: 'RequestEntityTooLargeException' },
  BAD_REQUEST_PARAMETERS: { status: 400, errorType: 'BadRequestException' },
  INTEGRATION_TIMEOUT: { status: 504, errorType: 'InternalServerErrorException' },
  INTEGRATION_FAILURE: { status: 504, errorType: 'InternalServerErrorException' },
  /** A Lambda function that failed or answered something else than a proxy response; customised by DEFAULT_5XX only. */
  MALFORMED_PROXY_RESPONSE: { status: 502, errorType: 'InternalServerErrorException' },
} as const;

export type GatewayResponseType = keyof typeof TYPES;

/** What `$context` says of the request. Names are API Gateway's, without the `$context.`. */
export type GatewayContext = Readonly<Record<string, string>>;

/** Renders the template's gateway response for an error, or API Gateway's own where the template has none. */
export function gatewayResponse(
  api: LocalApi,
  type: GatewayResponseType,
  message: string,
  context: GatewayContext,
): Answer {
  const { status, errorType } = TYPES[type];
  const custom =
    api.gatewayResponses.get(type) ?? api.gatewayResponses.get(status < 500 ? 'DEFAULT_4XX' : 'DEFAULT_5XX');
  const variables: GatewayContext = {
    ...context,
    'error.message': message,
    'error.messageString': JSON.stringify(message),
    'error.responseType': type,
  };
  const [mediaType = 'application/json', template = '{"message":$context.error.messageString}'] =
    Object.entries(custom?.templates ?? {})[0] ?? [];
  const headers: Record<string, string> = {
    'Content-Type': mediaType,
    'x-amzn-RequestId': context.requestId ?? '',
    'x-amz-apigw-id': context.extendedRequestId ?? '',
    'x-amzn-ErrorType': errorType,
  };
  for (const [target, source] of Object.entries(custom?.parameters ?? {})) {
    const name = target.replace(/^gatewayresponse\.header\./, '');
    headers[name] = source.startsWith("'") ? source.slice(1, -1) : (variables[source.replace(/^context\./, '')] ?? '');
  }
  return {
    status: custom?.statusCode ?? status,
    headers,
    // The longest name wins, so that $context.error.messageString is not taken for $context.error.message.
    body: template.replace(/\$context\.([\w.]*\w)/g, (_, name: string) => variables[name] ?? ''),
  };
}
