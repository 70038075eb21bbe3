/** A day in milliseconds; UTC has no other. */
export const DAY_MS = 24 * 60 * 60 * 1000;
