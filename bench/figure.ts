/** What a figure is held against, measured in the same run. */
export interface Peer {
  readonly name: string;
  readonly value: number;
}

/** What a figure must be: of its value, or of its ratio to the peer. */
export interface Target {
  readonly of: 'value' | 'ratio';
  readonly bound: '<=' | '<' | '>=';
  readonly limit: number;
}

/** One line of the report. `--json` prints it as it is. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly against: Peer | null;
  /** value / against.value. */
  readonly ratio: number | null;
  /** Such as `ratio <= 1.2`; null for what is reported only. */
  readonly target: string | null;
  readonly met: boolean | null;
}

/** @throws RangeError for what was not measured: a number that is not finite, or a ratio without a peer */
export function figure(
  name: string,
  value: number,
  unit: string,
  { against, target }: { readonly against?: Peer; readonly target?: Target } = {},
): Figure {
  const ratio = against === undefined ? null : value / against.value;
  for (const number of [value, ratio ?? 0]) {
    if (!Number.isFinite(number)) throw new RangeError(`${name} was not measured: ${value} ${unit}`);
  }
  return {
    name,
    value,
    unit,
    against: against ?? null,
    ratio,
    target: target === undefined ? null : `${target.of} ${target.bound} ${target.limit}`,
    met: target === undefined ? null : meets(name, target, value, ratio),
  };
}

function meets(name: string, { of, bound, limit }: Target, value: number, ratio: number | null): boolean {
  const judged = of === 'value' ? value : ratio;
  if (judged === null) throw new RangeError(`${name} has a target for its ratio and no peer`);
  if (bound === '>=') return judged >= limit;
  return bound === '<' ? judged < limit : judged <= limit;
}

const HEAD = ['figure', 'value', 'against', 'ratio', 'target', 'met'];

function cells({ name, value, unit, against, ratio, target, met }: Figure): string[] {
  return [
    name,
    `${shown(value)} ${unit}`,
    against === null ? '' : `${shown(against.value)} ${against.name}`,
    ratio === null ? '' : shown(ratio),
    target ?? '',
    met === null ? '' : met ? 'yes' : 'NO',
  ];
}

/** Three significant digits, or all digits of a whole number. */
function shown(value: number): string {
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(3)));
}

/** The figures in columns, for a terminal. */
export function asTable(figures: readonly Figure[]): string {
  const rows = [HEAD, ...figures.map(cells)];
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** The figures as a Markdown table. */
export function asMarkdown(figures: readonly Figure[]): string {
  const rule = HEAD.map(() => '---');
  return [HEAD, rule, ...figures.map(cells)].map((row) => `| ${row.join(' | ')} |`).join('\n');
}
