/**
 * As much of IAM as the front door plays: may this identity call this route, and does it have any business with this
 * service. Whether each single AWS call is allowed is proved elsewhere, by the IAM simulator on the recorded calls.
 */

export interface Statement {
  readonly effect: 'Allow' | 'Deny';
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  readonly conditional: boolean;
}

/**
 * Reads the statements of a policy document whose intrinsic functions are resolved.
 *
 * @throws Error on the elements that the matcher does not know (NotAction, NotResource): refusing beats guessing.
 */
export function statementsOf(document: unknown): readonly Statement[] {
  if (typeof document !== 'object' || document === null || !('Statement' in document)) {
    throw new Error('a policy document without Statement');
  }
  return [document.Statement].flat().map((statement) => {
    if (typeof statement !== 'object' || statement === null) throw new Error('a policy statement is no object');
    if (!('Action' in statement) || !('Resource' in statement) || !('Effect' in statement)) {
      throw new Error(`a policy statement without Effect, Action or Resource: ${JSON.stringify(statement)}`);
    }
    return {
      effect: statement.Effect === 'Deny' ? 'Deny' : 'Allow',
      actions: [statement.Action].flat().map(String),
      resources: [statement.Resource].flat().map(String),
      conditional: 'Condition' in statement,
    };
  });
}

/**
 * Whether the statements allow the action on the resource. A condition is never evaluated: on an Allow it does not hold,
 * on a Deny it does.
 */
export function allows(statements: readonly Statement[], action: string, resource: string): boolean {
  const matching = statements.filter(
    (statement) =>
      statement.actions.some((pattern) => matches(pattern.toLowerCase(), action.toLowerCase())) &&
      statement.resources.some((pattern) => matches(pattern, resource)),
  );
  if (matching.some((statement) => statement.effect === 'Deny')) return false;
  return matching.some((statement) => statement.effect === 'Allow' && !statement.conditional);
}

/** How IAM calls a service that signatures are scoped to. */
export function iamPrefix(service: string): string {
  return service === 'monitoring' ? 'cloudwatch' : service;
}

/** Whether any statement allows anything of the service, such as `s3`. */
export function mentions(statements: readonly Statement[], service: string): boolean {
  return statements.some(
    (statement) =>
      statement.effect === 'Allow' &&
      statement.actions.some((action) => action === '*' || action.toLowerCase().startsWith(`${service}:`)),
  );
}

/** IAM's wildcards: `*` is any characters, `?` any one. */
function matches(pattern: string, text: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`, 's').test(text);
}
