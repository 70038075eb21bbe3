import { describe, expect, it } from 'vitest';
import { consistentReadUnits, itemBytes } from '../../../bench/item-size.ts';
import { moneyFor, transactionWriteUnits } from '../../../bench/money.ts';
import table from '../../../bench/prices.json' with { type: 'json' };

describe('money', () => {
  it('is the sum over what was used, at the price of each unit', () => {
    const { s3Put, kmsAsymmetricSign } = table.prices;
    const expected = (2 * s3Put.usd) / s3Put.per + kmsAsymmetricSign.usd / kmsAsymmetricSign.per;
    expect(moneyFor({ s3Put: 2, kmsAsymmetricSign: 1 })).toBeCloseTo(expected, 12);
    expect(moneyFor({})).toBe(0);
  });

  it('says of each price where it is from, and when it was looked up or that it was not', () => {
    for (const { source, looked_up } of Object.values(table.prices)) {
      expect(source).not.toBe('');
      expect(looked_up === null || /^\d{4}-\d{2}-\d{2}$/.test(looked_up)).toBe(true);
    }
  });
});

describe('DynamoDB units', () => {
  it('counts an item as its names and values', () => {
    expect(itemBytes({ pk: { S: 'abc' } })).toBe(5);
    expect(itemBytes({ ü: { S: '€' } })).toBe(5);
    expect(itemBytes({ n: { N: '-12.345' }, t: { BOOL: true }, b: { B: Buffer.alloc(10) } })).toBe(5 + 2 + 11);
    expect(itemBytes({ l: { L: [{ S: 'ab' }, { S: 'c' }] } })).toBe(1 + 3 + 3 + 2);
    expect(itemBytes({ m: { M: { k: { S: 'v' } } } })).toBe(1 + 3 + 1 + 2);
  });

  it('takes two write units for each started KB of a transaction, and two at least for an item', () => {
    expect(transactionWriteUnits([1, 1024, 1025])).toBe(2 + 2 + 4);
    expect(transactionWriteUnits([0])).toBe(2);
  });

  it('adds a page up before it is rounded to 4 KB', () => {
    const item = { pk: { S: 'x'.repeat(1022) } };
    expect(consistentReadUnits([item, item, item, item])).toBe(1);
    expect(consistentReadUnits([item, item, item, item, item])).toBe(2);
  });
});
