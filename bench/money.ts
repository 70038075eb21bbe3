import table from './prices.json' with { type: 'json' };

export type PricedUnit = keyof typeof table.prices;

/** How much of each billed unit one piece of work used. */
export type Usage = Partial<Readonly<Record<PricedUnit, number>>>;

/** What the usage costs, in the table's currency. */
export function moneyFor(usage: Usage): number {
  return pricedUnits().reduce(
    (sum, unit) => sum + (usage[unit] ?? 0) * (table.prices[unit].usd / table.prices[unit].per),
    0,
  );
}

/** Where the prices come from, for the reader of a report. */
export const PRICE_BASIS = `${table.currency}, ${table.region}`;

function pricedUnits(): PricedUnit[] {
  return Object.keys(table.prices).filter((unit): unit is PricedUnit => unit in table.prices);
}

const WRITE_UNIT_BYTES = 1024;
/** A transaction prepares and commits: two units for each of a single write. */
const TRANSACTION_FACTOR = 2;

/**
 * Write units of a DynamoDB transaction.
 *
 * @param sizes - bytes of each item that is put; of a condition check, of the item that it looks at
 */
export function transactionWriteUnits(sizes: readonly number[]): number {
  return sizes.reduce((sum, size) => sum + TRANSACTION_FACTOR * Math.max(1, Math.ceil(size / WRITE_UNIT_BYTES)), 0);
}
