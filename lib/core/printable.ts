/** Control and format characters: escape sequences of terminals, text that runs backwards, line ends of every kind. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** A longer text tells a reader no more; the whole of it is in the signed decision. */
const MAX_LENGTH = 1000;

/**
 * A text from evidence or from a policy as one harmless line. Whoever wrote it may have meant to draw over the verdict.
 */
export function printable(text: string): string {
  return shortened(visible(text), MAX_LENGTH);
}

/** One line, whole, in which every character is one that a reader sees. */
export function visible(text: string): string {
  return text.replaceAll(UNPRINTABLE, '\ufffd');
}

/** @param most - characters of the answer, of which the last is an ellipsis where something was cut */
export function shortened(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}
