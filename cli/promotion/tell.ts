import { setTimeout as sleep } from 'node:timers/promises';
import type { JsonObject } from '../../lib/core/json.ts';
import { isOver, PromotionSchema } from '../../lib/core/promotion.ts';
import { readAnswer } from '../answers.ts';
import { type ApiClient, apiPath } from '../client.ts';
import { ExitCode } from '../exit-codes.ts';
import type { Shell } from '../shell.ts';
import { promotionLines } from './lines.ts';

const FIRST_POLL_MS = 500;
/** People decide in hours. */
const SLOWEST_POLL_MS = 30_000;

/**
 * Shows a promotion.
 *
 * @param wait - until it is over; then the exit code is 1 unless it is released
 */
export async function tellPromotion(shell: Shell, api: ApiClient, asked: JsonObject, wait?: boolean): Promise<void> {
  const answer = wait ? await awaitPromotion(api, asked, (state) => shell.note(state)) : asked;
  shell.result(answer, promotionLines(answer));
  if (wait && readAnswer(PromotionSchema, answer).state !== 'released') process.exitCode = ExitCode.REFUSED;
}

/** @param moved - told of each state that it comes to */
async function awaitPromotion(api: ApiClient, asked: JsonObject, moved: (state: string) => void): Promise<JsonObject> {
  let answer = asked;
  let delay = FIRST_POLL_MS;
  for (;;) {
    const before = readAnswer(PromotionSchema, answer);
    if (isOver(before)) return answer;
    await sleep(delay);
    answer = await api.json({ method: 'GET', path: apiPath('/v1/promotions/{id}', { id: before.id }) });
    const { state } = readAnswer(PromotionSchema, answer);
    if (state !== before.state) moved(state.replaceAll('_', ' '));
    delay = state === before.state ? Math.min(delay * 1.5, SLOWEST_POLL_MS) : FIRST_POLL_MS;
  }
}
