/** Control and format characters: escape sequences of terminals, text that runs backwards, line ends of every kind. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** A longer text tells a reader no more; the whole of it is in the signed decision. */
const MAX_LENGTH = 1000;

/**
 * A text from evidence or from a policy as one harmless line. Whoever wrote it may have meant to draw over the verdict.
 */
export function printable(text: string): string {
  const line = text.replaceAll(UNPRINTABLE, '\ufffd');
  return line.length > MAX_LENGTH ? `${line.slice(0, MAX_LENGTH)}…` : line;
}
