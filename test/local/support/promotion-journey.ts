import { setTimeout } from 'node:timers/promises';
import { expect } from 'vitest';
import type { LocalControl } from '../../../local/control.ts';
import type { DemoName, LocalDescription } from '../../../local/description.ts';
import type { ApiAnswer, ApiRequest } from './api.ts';

export interface Traveller {
  readonly local: LocalDescription;
  readonly control: LocalControl;
  /** Calls a route of the table as a demo identity. */
  readonly take: (
    as: DemoName,
    route: `${string} ${string}`,
    parameters?: readonly string[],
    request?: ApiRequest,
  ) => Promise<ApiAnswer>;
}

const ENDPOINT = 'classifier';
/** States that a promotion passes through; all others are ends. */
const UNDER_WAY = ['requested', 'waiting_for_endpoint', 'evaluating', 'awaiting_approval', 'deploying', 'rolling_back'];

/**
 * A model past its gate by two people, an incident that reviews it, and the way back in an emergency. Somebody else's promotion
 * waits for the endpoint meanwhile, and is cancelled.
 */
export async function promoteAndTakeBack({ local, control, take }: Traveller, model: string): Promise<void> {
  for (const name of ['promoter', 'break-glass-promoter', 'break-glass-confirmer'] as const) {
    const { uniqueId, roleArn } = local.identities[name];
    await take('key-admin', 'POST /v1/principals', [], { body: { name, unique_id: uniqueId, arn: roleArn } });
  }
  const image = `${local.accountId}.dkr.ecr.${local.region}.amazonaws.com/serving@sha256:${'a'.repeat(64)}`;
  const wanted = (request: string) => ({
    body: { model, image, endpoint: ENDPOINT, environment: 'production', request, reason: 'journey', bake_seconds: 60 },
  });
  const stateAfter = async (id: string, states: readonly string[]): Promise<unknown> => {
    for (;;) {
      const { json } = await take('reader', 'GET /v1/promotions/{id}', [id]);
      if (!states.includes(String(json.state))) return json.state;
      await setTimeout(100);
    }
  };
  const reason = { body: { reason: 'seen on the journey' } };

  const { json: asked } = await take(
    'break-glass-promoter',
    'POST /v1/promotions/break-glass',
    [],
    wanted('past-the-gate'),
  );
  const released = String(asked.id);
  await take('break-glass-confirmer', 'POST /v1/promotions/{id}/confirm', [released], reason);
  expect(await stateAfter(released, ['requested', 'evaluating'])).toBe('deploying');
  const { json: queued } = await take('promoter', 'POST /v1/promotions', [], wanted('in-line'));
  await take('reader', 'GET /v1/promotions', [], { query: { endpoint: ENDPOINT } });
  await take('promoter', 'POST /v1/promotions/{id}/cancel', [String(queued.id)], reason);
  expect(await stateAfter(String(queued.id), UNDER_WAY)).toBe('cancelled');
  await control.speedUpSageMaker(500);
  expect(await stateAfter(released, UNDER_WAY)).toBe('released');

  await take('reader', 'GET /v1/releases/{endpoint}', [ENDPOINT]);
  await take('reader', 'GET /v1/releases/{endpoint}/timeline', [ENDPOINT]);
  await take('reader', 'GET /v1/models/{sha256}/releases', [model]);
  const { json: back } = await take('emergency-rollback', 'POST /v1/releases/{endpoint}/rollback', [ENDPOINT], reason);
  expect(await stateAfter(String(back.id), UNDER_WAY)).toBe('released');

  const { json: open } = await take('reader', 'GET /v1/incidents');
  const [incident] = Array.isArray(open.incidents) ? open.incidents : [];
  const at = [String(Object(incident).id)];
  await take('reader', 'GET /v1/incidents/{id}', at);
  await take('operator', 'POST /v1/incidents/{id}/acknowledge', at);
  await take('operator', 'POST /v1/incidents/{id}/resolve', at, reason);
}
