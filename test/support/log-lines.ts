import { vi } from 'vitest';

/** What is logged meanwhile, as CloudWatch Logs takes it: one JSON document a line. */
export async function linesOf(work: () => unknown): Promise<readonly unknown[]> {
  const written: string[] = [];
  const keep = (chunk: unknown) => written.push(String(chunk)) > 0;
  const spies = (['stdout', 'stderr'] as const).map((name) =>
    vi.spyOn(process[name], 'write').mockImplementation(keep),
  );
  try {
    await work();
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
  return written.map((line) => JSON.parse(line));
}
