import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What the local Lambda host logs of an invocation that ended, in the words of Lambda's own JSON logs. */
interface Report {
  readonly type: 'platform.report';
  readonly metrics: { readonly durationMs: number };
}

/** Bytes that every function's log has so far, by file: what is logged later is read from there. */
export type LogMarks = ReadonlyMap<string, number>;

/** What functions ran for since some time. */
export interface Ran {
  readonly invocations: number;
  readonly milliseconds: number;
  readonly logBytes: number;
}

export async function markLogs(folder: string): Promise<LogMarks> {
  return new Map((await readLogs(folder)).map(({ name, bytes }) => [name, bytes.length]));
}

/** @param names - physical names of the functions that count */
export async function ranSince(folder: string, marks: LogMarks, names: ReadonlySet<string>): Promise<Ran> {
  const logs = (await readLogs(folder)).filter(({ name }) => names.has(name));
  const fresh = logs.map(({ name, bytes }) => bytes.subarray(marks.get(name) ?? 0));
  const lines = fresh.flatMap((bytes) => bytes.toString('utf8').split('\n'));
  const durations = lines.filter((line) => line.includes('"platform.report"')).map(durationIn);
  return {
    invocations: durations.length,
    milliseconds: durations.reduce((sum, duration) => sum + duration, 0),
    logBytes: fresh.reduce((sum, { length }) => sum + length, 0),
  };
}

function durationIn(line: string): number {
  const report: Report = JSON.parse(line);
  return report.metrics.durationMs;
}

async function readLogs(folder: string) {
  const files = (await readdir(folder)).filter((name) => name.endsWith('.jsonl'));
  return await Promise.all(
    files.map(async (file) => ({ name: file.slice(0, -'.jsonl'.length), bytes: await readFile(join(folder, file)) })),
  );
}
