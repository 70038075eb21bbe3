import type { Ask, Promotion } from '../core/promotion.ts';
import type { Answer } from './http.ts';

/** A promotion that was asked for or changed: 201 for one that nobody had asked for. */
export function promotionAnswer({
  created,
  promotion,
}: {
  readonly created: boolean;
  readonly promotion: Promotion;
}): Answer {
  return {
    status: created ? 201 : 200,
    headers: { location: `/v1/promotions/${promotion.id}` },
    body: promotion,
  };
}

/** The same with what people are asked; never with a token, sealed or not. */
export function promotionJson(promotion: Promotion, asks: readonly Ask[]): object {
  return { ...promotion, asks: asks.map(({ token: _, promotion: _id, revision: _revision, ...ask }) => ask) };
}

/** What an ask asks of one person; undefined when it does not ask them. */
export function askedOf({ promotion, role, round, asked_at, until, reminders, people }: Ask, person: string) {
  const one = people.find((asked) => asked.person === person);
  return one && { promotion, role, round, asked_at, until, reminders, deputy_for: one.deputy_for };
}
