import type { Releases } from '../../../lib/app/promotion/releases.ts';
import { isSameEndpoint, timeOrder } from '../../../lib/core/layout.ts';
import type { RecordedRelease } from '../../../lib/core/release.ts';
import { InvariantBroken, type Steps } from './steps.ts';

/** The workflow table's releases. */
export class MemoryReleases implements Releases {
  /** In no order, as whoever tampers may leave them. */
  rows: { readonly release: RecordedRelease; readonly model: string }[] = [];
  readonly #steps: Steps;

  constructor(steps: Steps) {
    this.#steps = steps;
  }

  readonly list: Releases['list'] = (endpoint, { limit, notAfter = '9999', after }) =>
    this.#steps.read(() => {
      const items = this.#newestFirst(
        ({ release }) => isSameEndpoint(release.endpoint, endpoint) && release.released_at <= notAfter,
      );
      return pageOf(items, limit, after);
    });

  readonly next: Releases['next'] = (endpoint, after) =>
    this.#steps.read(() =>
      this.#newestFirst(({ release }) => isSameEndpoint(release.endpoint, endpoint) && release.released_at > after).at(
        -1,
      ),
    );

  readonly ofModel: Releases['ofModel'] = (model, { limit, after }) =>
    this.#steps.read(() =>
      pageOf(
        this.#newestFirst((row) => row.model === model),
        limit,
        after,
      ),
    );

  /** The part of a transaction that concerns this table. */
  write(release: RecordedRelease, model: string): void {
    if (this.rows.some((row) => row.release.promotion === release.promotion)) {
      throw new InvariantBroken(`${release.promotion} is released twice`);
    }
    this.rows.push(structuredClone({ release, model }));
  }

  #newestFirst(wanted: (row: MemoryReleases['rows'][number]) => boolean): RecordedRelease[] {
    const found = this.rows.filter(wanted).map(({ release }) => structuredClone(release));
    return found.toSorted((a, b) => (orderOf(a) < orderOf(b) ? 1 : -1));
  }
}

const orderOf = ({ released_at, promotion }: RecordedRelease): string => timeOrder(released_at, promotion);

function pageOf(items: readonly RecordedRelease[], limit: number, after: string | undefined) {
  const rest = after === undefined ? items : items.filter((item) => orderOf(item) < after);
  const page = rest.slice(0, limit);
  const last = rest.length > limit ? page.at(-1) : undefined;
  return { items: page, next: last && orderOf(last) };
}
