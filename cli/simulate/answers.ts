import * as z from 'zod/mini';
import { CountsSchema } from '../../lib/core/gate/what-if-report.ts';
import type { JsonObject } from '../../lib/core/json.ts';
import { readAnswer } from '../answers.ts';

const SimulationSchema = z.looseObject({
  id: z.string(),
  policy: z.string(),
  slot: z.string(),
  from: z.string(),
  to: z.string(),
  environment: z.nullable(z.string()),
  state: z.enum(['running', 'finished', 'failed']),
  counts: z.nullable(CountsSchema),
  failure: z.nullable(z.object({ code: z.string(), detail: z.string() })),
  report: z.nullable(z.object({ sha256: z.string(), path: z.string() })),
  requested_at: z.string(),
  updated_at: z.string(),
});

export type Simulation = z.output<typeof SimulationSchema>;

const StandingSchema = z.intersection(
  SimulationSchema,
  z.looseObject({ progress: z.object({ done: z.number(), chunks: z.nullable(z.number()) }) }),
);

export type StandingSimulation = z.output<typeof StandingSchema>;

const ListSchema = z.looseObject({ simulations: z.array(SimulationSchema) });

export function readSimulation(answer: JsonObject): StandingSimulation {
  return readAnswer(StandingSchema, answer);
}

/** Newest first. */
export function readSimulations(answer: JsonObject): readonly Simulation[] {
  return readAnswer(ListSchema, answer).simulations;
}
