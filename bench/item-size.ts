import type { AttributeValue } from '@aws-sdk/client-dynamodb';

/**
 * Bytes of an item as DynamoDB counts them ("DynamoDB item sizes and formats", Developer Guide): names and strings in UTF-8,
 * about one byte per two digits of a number and one more, three bytes for a list or map and one for each element.
 */
export function itemBytes(item: Readonly<Record<string, AttributeValue>>): number {
  return Object.entries(item).reduce((sum, [name, value]) => sum + Buffer.byteLength(name) + valueBytes(value), 0);
}

const READ_UNIT_BYTES = 4096;

/** Units of a consistent Query: what it read, summed up and rounded up to 4 KB. */
export function consistentReadUnits(items: readonly Readonly<Record<string, AttributeValue>>[]): number {
  return Math.ceil(items.reduce((sum, item) => sum + itemBytes(item), 0) / READ_UNIT_BYTES);
}

function valueBytes(value: AttributeValue): number {
  if (value.S !== undefined) return Buffer.byteLength(value.S);
  if (value.N !== undefined) return Math.ceil(value.N.replace(/[-.]/g, '').length / 2) + 1;
  if (value.B !== undefined) return value.B.length;
  if (value.BOOL !== undefined || value.NULL !== undefined) return 1;
  if (value.L !== undefined) return value.L.reduce((sum, element) => sum + 1 + valueBytes(element), 3);
  if (value.M !== undefined) return itemBytes(value.M) + 3 + Object.keys(value.M).length;
  throw new RangeError(`no size is known for ${Object.keys(value).join()}`);
}
