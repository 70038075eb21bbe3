import * as z from 'zod/mini';
import { Env, type EnvName, type RetentionPolicy, type SamplingRates, type SignInConfig } from '../contracts/env.ts';
import { ENVIRONMENTS, type Environment, STAGES, type Stage } from '../contracts/predicates.ts';

/** Reads what the template set. A missing or wrong variable stops the function at its start, not at its first request. */
export function required(name: EnvName): string {
  const value = process.env[name];
  if (!value) throw new Error(`the environment variable ${name} is not set`);
  return value;
}

const Days = z.int().check(z.minimum(1), z.maximum(36_500));
const Retention: z.ZodMiniType<RetentionPolicy> = z.object({
  mode: z.enum(['COMPLIANCE', 'GOVERNANCE']),
  days: z.object({ experimental: Days, staging: Days, production: Days }),
});

export function retention(): RetentionPolicy {
  return Retention.parse(JSON.parse(required(Env.RETENTION)));
}

const Rate = z.number().check(z.minimum(0), z.maximum(1));
const Sampling: z.ZodMiniType<SamplingRates> = z.strictObject({ experimental: Rate, staging: Rate });

export function gateSampling(): SamplingRates {
  return Sampling.parse(JSON.parse(required(Env.GATE_SAMPLING)));
}

export function unsignedStages(): ReadonlySet<Stage> {
  return new Set(z.array(z.enum(STAGES)).parse(listed(Env.UNSIGNED_STAGES)));
}

export function allAtOnceIn(): ReadonlySet<Environment> {
  return new Set(z.array(z.enum(ENVIRONMENTS)).parse(listed(Env.ALL_AT_ONCE_IN)));
}

const SignIn: z.ZodMiniType<SignInConfig> = z.strictObject({ issuer: z.url(), clientId: z.string() });

/** Undefined where nobody signs in. */
export function signIn(): SignInConfig | undefined {
  const value = process.env[Env.SIGN_IN];
  return value ? SignIn.parse(JSON.parse(value)) : undefined;
}

function listed(name: EnvName): readonly string[] {
  return (process.env[name] ?? '').split(',').filter((one) => one !== '');
}

/** Whether webhooks may lead to this machine, as they do where everything runs on one. */
export function sendsToLoopback(): boolean {
  return process.env[Env.WEBHOOK_LOOPBACK] === 'allowed';
}
