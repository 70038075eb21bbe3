import { describe, expect, it } from 'vitest';
import { FUNCTION_NAMES } from '../../cdk/names.ts';
import { ROLES } from '../../lib/contracts/roles.ts';
import { ROUTES } from '../../lib/contracts/routes.ts';
import { Simulator } from './support/simulate.ts';
import { synthesise } from './support/synth.ts';

const prod = new Simulator(synthesise('prod'));

/** A path with its parameters filled in, as a caller would send it. */
function example(path: string): string {
  return path.replaceAll(/\{[^}]+\}/g, 'e3b0c44298fc1c14');
}

describe.each(ROUTES)('$method $path', ({ method, path, roles }) => {
  it.each(ROLES)('%s', async (role) => {
    const decision = await prod.simulate({
      principal: `role:${role}`,
      action: 'execute-api:Invoke',
      resource: prod.routeArn(method, example(path)),
    });
    expect(decision).toBe(roles.some((allowed) => allowed === role) ? 'Allowed' : 'ImplicitlyDenied');
  });
});

it('no role calls a route that is not in the table', async () => {
  for (const role of ROLES) {
    for (const [method, path] of [
      ['GET', '/v1/nothing'],
      ['DELETE', '/v1/keys/x'],
      ['POST', '/v1/manifests/x'],
    ] as const) {
      const request = { principal: `role:${role}`, action: 'execute-api:Invoke' } as const;
      expect(await prod.simulate({ ...request, resource: prod.routeArn(method, path) })).toBe('ImplicitlyDenied');
    }
  }
});

it('functions do not call the API', async () => {
  for (const name of FUNCTION_NAMES) {
    const request = { principal: `function:${name}`, action: 'execute-api:Invoke' } as const;
    expect(await prod.simulate({ ...request, resource: prod.routeArn('GET', '/v1/status') })).toBe('ImplicitlyDenied');
  }
});

it('the verifier is started by the artifacts function and by itself only', async () => {
  const resource = prod.arn('AWS::Lambda::Function', 'ArtifactVerifier');
  for (const name of FUNCTION_NAMES) {
    const decision = await prod.simulate({ principal: `function:${name}`, action: 'lambda:InvokeFunction', resource });
    const may = name === 'artifacts' || name === 'artifact-verifier';
    expect(decision, name).toBe(may ? 'Allowed' : 'ImplicitlyDenied');
  }
});
