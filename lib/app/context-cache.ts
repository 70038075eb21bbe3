import type { CallerContext, Clock, Registry } from './ports.ts';

/** How long a registration is believed. Every commit is conditional on its revision, so this bounds work, not safety. */
export const CONTEXT_TTL_MS = 60_000;
const MAX_CALLERS = 1000;

export interface ContextCache {
  get(uniqueId: string): Promise<CallerContext>;
  /** @returns whether the caller was remembered */
  forget(uniqueId: string): boolean;
}

/** Remembers registered callers per process. Who is not registered is asked for each time, so that registering acts at once. */
export function contextCache(registry: Registry, clock: Clock): ContextCache {
  const known = new Map<string, { readonly context: CallerContext; readonly readAt: number }>();
  return {
    async get(uniqueId) {
      const entry = known.get(uniqueId);
      if (entry && clock().getTime() - entry.readAt < CONTEXT_TTL_MS) return entry.context;
      const context = await registry.context(uniqueId);
      if (known.size >= MAX_CALLERS) known.clear();
      if (context.principal && context.evidenceKey) known.set(uniqueId, { context, readAt: clock().getTime() });
      return context;
    },
    forget(uniqueId) {
      return known.delete(uniqueId);
    },
  };
}
