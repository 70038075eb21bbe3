import { shortened } from '../printable.ts';

/** What ends a header, or is not seen in it. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]+/gu;

/** Mail programs show less. */
const MAX_SUBJECT = 150;

/** A subject of one line; whoever chose its words cannot add a header. */
export function subjectLine(text: string): string {
  return shortened(text.replaceAll(UNPRINTABLE, ' ').replaceAll(/ {2,}/g, ' ').trim(), MAX_SUBJECT);
}
