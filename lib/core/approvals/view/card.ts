import * as z from 'zod/mini';
import { Predicate } from '../../../contracts/predicates.ts';
import type { GateAttestation } from '../../gate/input.ts';
import type { Json } from '../../json.ts';
import type { CardView, MetricView } from '../../pages/model.ts';
import { saidIn } from './attestations.ts';

const Scalar = z.union([z.string(), z.number()]);
const Texts = z.array(z.union([z.string(), z.looseObject({ name: z.optional(z.string()) })]));
const CardSchema = z.looseObject({
  metadata: z.looseObject({
    component: z.looseObject({
      type: z.literal('machine-learning-model'),
      modelCard: z.optional(
        z.looseObject({
          quantitativeAnalysis: z.optional(
            z.looseObject({
              performanceMetrics: z.optional(
                z.array(
                  z.looseObject({
                    type: z.optional(z.string()),
                    value: z.optional(Scalar),
                    slice: z.optional(z.string()),
                  }),
                ),
              ),
            }),
          ),
          considerations: z.optional(
            z.looseObject({
              users: z.optional(Texts),
              useCases: z.optional(Texts),
              technicalLimitations: z.optional(Texts),
              performanceTradeoffs: z.optional(Texts),
              ethicalConsiderations: z.optional(Texts),
            }),
          ),
        }),
      ),
    }),
  }),
});
type Card = z.output<typeof CardSchema>;

/** What each part of a card's considerations is called. */
export const HEADINGS = {
  users: 'Users',
  useCases: 'Use cases',
  technicalLimitations: 'Technical limitations',
  performanceTradeoffs: 'Performance trade-offs',
  ethicalConsiderations: 'Ethical considerations',
} as const;

const BoundsSchema = z.looseObject({ at_least: z.optional(z.number()), at_most: z.optional(z.number()) });
const ThresholdsSchema = z.looseObject({
  attributes: z.array(
    z.looseObject({ attribute: z.string(), conditions: z.optional(z.record(z.string(), z.unknown())) }),
  ),
});

/** Which way a measure is better, as thresholds that were fixed for it say. */
export function directionsIn(attestations: readonly GateAttestation[]): ReadonlyMap<string, 'higher' | 'lower'> {
  const directions = new Map<string, 'higher' | 'lower'>();
  for (const { predicate } of saidIn(attestations, Predicate.scai, ThresholdsSchema)) {
    for (const { attribute, conditions = {} } of predicate.attributes) {
      if (!attribute.endsWith('_THRESHOLDS')) continue;
      for (const [name, said] of Object.entries(conditions)) {
        const bounds = BoundsSchema.safeParse(said).data;
        if (bounds?.at_least !== undefined) directions.set(name, 'higher');
        else if (bounds?.at_most !== undefined) directions.set(name, 'lower');
      }
    }
  }
  return directions;
}

/** The newest card of a model among its attestations. */
export function cardOf(attestations: readonly GateAttestation[], model: string) {
  const cards = saidIn(attestations, Predicate.cyclonedx, CardSchema);
  return cards.findLast(({ subjects }) => subjects.includes(model));
}

/** A card's predicate as it lies in other evidence; undefined for what is none. */
export function readCard(predicate: Json): Card | undefined {
  return CardSchema.safeParse(predicate).data;
}

/** A model's card, its measures beside those of the running model's. */
export function cardView(
  card: { readonly evidence: string; readonly predicate: Card } | undefined,
  running: Card | undefined,
  directions: ReturnType<typeof directionsIn>,
): CardView {
  const [ours, theirs] = [metricsOf(card?.predicate), metricsOf(running)];
  const metrics = [...new Set([...ours.keys(), ...theirs.keys()])].map((name): MetricView => {
    const better = directions.get(name) ?? null;
    return { name, value: ours.get(name) ?? null, running: theirs.get(name) ?? null, better };
  });
  const considerations = card?.predicate.metadata.component.modelCard?.considerations;
  const sections = Object.entries(HEADINGS).flatMap(([field, heading]) => {
    const said: unknown = considerations?.[field];
    const texts =
      Texts.safeParse(said).data?.flatMap((one) => (typeof one === 'string' ? one : (one.name ?? []))) ?? [];
    return texts.length === 0 ? [] : [{ heading, texts }];
  });
  return { sha256: card?.evidence ?? null, metrics, sections };
}

function metricsOf(card: Card | undefined): ReadonlyMap<string, string> {
  const measured = card?.metadata.component.modelCard?.quantitativeAnalysis?.performanceMetrics ?? [];
  return new Map(
    measured.flatMap(({ type, value, slice }) => {
      if (type === undefined || value === undefined) return [];
      return [[slice === undefined ? type : `${type} (${slice})`, String(value)] as const];
    }),
  );
}
