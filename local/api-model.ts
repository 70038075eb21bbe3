/** A REST API of the template, as the front door plays it. */
export interface LocalApi {
  readonly id: string;
  readonly stage: string;
  readonly stageVariables: Readonly<Record<string, string>> | null;
  readonly routes: readonly LocalRoute[];
  /** By response type, such as `ACCESS_DENIED` or `DEFAULT_4XX`. */
  readonly gatewayResponses: ReadonlyMap<string, GatewayResponse>;
  readonly binaryMediaTypes: readonly string[];
}

export interface LocalRoute {
  readonly resourceId: string;
  readonly method: string;
  /** With `{parameters}`. */
  readonly path: string;
  readonly authorization: 'AWS_IAM' | 'NONE';
  readonly functionName: string;
  readonly timeoutMs: number;
}

export interface GatewayResponse {
  readonly statusCode?: number;
  /** Body templates by media type, with `$context` variables. */
  readonly templates: Readonly<Record<string, string>>;
  /** `gatewayresponse.header.NAME` to `'literal'` or `context.…`. */
  readonly parameters: Readonly<Record<string, string>>;
}

/** Whether anybody may call every route of the API: it has no route that asks who calls. */
export function isPublic(api: Pick<LocalApi, 'routes'>): boolean {
  return api.routes.every(({ authorization }) => authorization === 'NONE');
}

export function isBelowStage({ stage }: Pick<LocalApi, 'stage'>, path: string): boolean {
  return path === `/${stage}` || path.startsWith(`/${stage}/`);
}

export interface RouteMatch {
  readonly route: LocalRoute;
  readonly parameters: Readonly<Record<string, string>>;
}

/**
 * The route for a method and a path below the stage. A literal segment beats a parameter, as in API Gateway, where
 * resources form a tree that is walked down without turning back. Parameters keep their percent-encoding, as API Gateway
 * hands them on.
 */
export function matchRoute(routes: readonly LocalRoute[], method: string, path: string): RouteMatch | undefined {
  const segments = path.split('/');
  const matching = routes
    .map((route) => ({ route, parameters: matchPath(route.path.split('/'), segments) }))
    .filter((match): match is RouteMatch => match.parameters !== undefined)
    .sort((a, b) => countOf(a.parameters) - countOf(b.parameters));
  const fewest = matching[0] === undefined ? 0 : countOf(matching[0].parameters);
  const best = matching.filter((match) => countOf(match.parameters) === fewest);
  return best.find(({ route }) => route.method === method) ?? best.find(({ route }) => route.method === 'ANY');
}

function countOf(parameters: Readonly<Record<string, string>>): number {
  return Object.keys(parameters).length;
}

function matchPath(
  pattern: readonly string[],
  segments: readonly string[],
): Readonly<Record<string, string>> | undefined {
  const greedy = pattern.at(-1)?.endsWith('+}') ?? false;
  if (greedy ? segments.length < pattern.length : segments.length !== pattern.length) return undefined;
  const parameters: Record<string, string> = {};
  for (const [at, part] of pattern.entries()) {
    const isParameter = part.startsWith('{');
    const rest = part.endsWith('+}');
    const value = rest ? segments.slice(at).join('/') : segments[at];
    if (value === undefined || (isParameter && value === '') || (!isParameter && value !== part)) return undefined;
    if (isParameter) parameters[part.slice(1, rest ? -2 : -1)] = value;
  }
  return parameters;
}
