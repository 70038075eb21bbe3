import * as z from 'zod/mini';
import type { JsonObject } from '../../lib/core/json.ts';
import { printable } from '../../lib/core/printable.ts';
import { AskSchema, type Promotion, PromotionSchema, type Requester } from '../../lib/core/promotion.ts';
import { endsIn } from '../../lib/core/waiver-ending.ts';
import { readAnswer } from '../answers.ts';
import { table } from '../shell.ts';

const AsksSchema = z.looseObject({
  asks: z.optional(
    z.array(
      z.pick(AskSchema, {
        role: true,
        round: true,
        state: true,
        people: true,
        until: true,
        mail_down_since: true,
        decided: true,
      }),
    ),
  ),
});

/** A promotion and what people are asked in it. */
export function promotionLines(answer: JsonObject): readonly string[] {
  const promotion = readAnswer(PromotionSchema, answer);
  const { asks = [] } = readAnswer(AsksSchema, answer);
  const { request_decision, release_decision, deployment, abort, failure, confirmed_by, incident } = promotion;
  const { instance_count, instance_type, canary_percent, bake_seconds, alarms } = promotion;
  return table([
    ['promotion', promotion.id],
    ['state', standing(promotion)],
    ['kind', promotion.kind === 'promotion' ? null : promotion.kind.replace('_', ' ')],
    ['model', promotion.model],
    ['image', printable(promotion.image)],
    ['to', `${promotion.endpoint} (${promotion.environment})`],
    ['served by', `${instance_count} x ${instance_type}, canary ${canary_percent} % for ${bake_seconds} s`],
    ['alarms', alarms.map(printable).join(', ')],
    ['request', promotion.request],
    ['reason', printable(promotion.reason)],
    ['asked by', whoOf(promotion.requester)],
    ['confirmed', confirmed_by && `${whoOf(confirmed_by)}: ${printable(confirmed_by.reason)}`],
    [
      'request gate',
      request_decision && `${request_decision.passed ? 'PASSED' : 'FAILED'} ${request_decision.evidence}`,
    ],
    ...asks
      .filter(({ round }) => round === promotion.round)
      .map(({ role, state, people, until, mail_down_since: down, decided }) => {
        const unmailed = down ? `, not all mailed: SES takes no mail since ${down}` : '';
        const asked = `asked of ${people.map(({ person }) => printable(person)).join(', ')}, ${endsIn(until, new Date().toISOString())}${unmailed}`;
        return [
          role,
          decided
            ? `${state} by ${printable(decided.person)} at ${decided.at}${PROVED[decided.method ?? 'unsaid']}`
            : state === 'asked'
              ? asked
              : state,
        ] as const;
      }),
    ...promotion.changes.map(
      ({ code, about }) => ['changed', `${code.replaceAll('_', ' ')}: ${printable(about)}`] as const,
    ),
    [
      'release gate',
      release_decision && `${release_decision.passed ? 'PASSED' : 'FAILED'} ${release_decision.evidence}`,
    ],
    ['deployed', deployment?.started_at],
    [
      'stopped',
      abort &&
        `${abort.cause.replace('_', ' ')}${abort.by ? ` by ${whoOf(abort.by)}` : ''}: ${printable(abort.reason)}`,
    ],
    ['why', failure && `${printable(failure.code)}: ${printable(failure.detail)}`],
    ['release', promotion.release],
    ['incident', incident],
    ['ended', promotion.ended_at],
  ]);
}

/** The weaker way is told as weaker. */
const PROVED = { code: ', by a code (the weaker way)', oidc: ', signed in', unsaid: '' } as const;

const ListSchema = z.looseObject({ promotions: z.array(PromotionSchema) });

export function promotionList(answer: JsonObject): readonly string[] {
  const { promotions } = readAnswer(ListSchema, answer);
  return promotions.map((one) =>
    [one.id, standing(one).padEnd(20), one.requested_at, one.endpoint, `model ${one.model.slice(0, 12)}`].join('  '),
  );
}

function standing({ state, round }: Promotion): string {
  const words = state.replaceAll('_', ' ');
  return round > 1 ? `${words}, round ${round}` : words;
}

function whoOf({ principal, arn, at }: Requester): string {
  return `${printable(principal ?? arn)} at ${at}`;
}
