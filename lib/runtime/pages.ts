import type { APIGatewayProxyEvent, APIGatewayProxyResult, Context } from 'aws-lambda';
import { oidcProvider } from '../adapters/oidc/provider.ts';
import { DomainError } from '../core/errors.ts';
import { approvalDeps } from './approval-deps.ts';
import { type ApprovalPagesDeps, approvalPages } from './approval-pages.ts';
import { signIn } from './environment.ts';
import { codeOf, logger, logProblem } from './http.ts';
import { failedResult, pageRequest, pageResult, redirectResult } from './page-requests.ts';

export function pagesDeps(): ApprovalPagesDeps {
  const deps = approvalDeps();
  const provider = signIn();
  return { ...deps, provider: provider && oidcProvider({ ...provider, log: deps.log }) };
}

/** Serves the public pages. The log names the route, and never the path, which holds the secret of a link. */
export function pages(deps: ApprovalPagesDeps) {
  const serve = approvalPages(deps);
  return async (event: APIGatewayProxyEvent, context: Context): Promise<APIGatewayProxyResult> => {
    logger.appendKeys({
      aws_request_id: context.awsRequestId,
      request_id: event.requestContext.requestId,
      trace_id: process.env._X_AMZN_TRACE_ID,
      route: `${event.httpMethod} ${event.resource}`,
    });
    const request = pageRequest(event);
    try {
      const outcome = await serve(request);
      return outcome === 'home' ? redirectResult(request.home) : pageResult(outcome);
    } catch (error) {
      logProblem(codeOf(error), error);
      return failedResult(error instanceof DomainError && error.retryAfterMs !== undefined);
    }
  };
}
