/**
 * JSON schema's uniqueItems in time proportional to the size of the array. ajv compares every pair, which is 20 seconds for
 * a hostile BOM of 1 MB.
 */
export function uniqueItems(items: readonly unknown[]): boolean {
  const texts = items.map((item) => JSON.stringify(item, (_key, value: unknown) => sorted(value)));
  return new Set(texts).size === items.length;
}

function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
