/** Progress goes to stderr, so that stdout holds figures and nothing else. */
export function note(line: string): void {
  process.stderr.write(`${line}\n`);
}
