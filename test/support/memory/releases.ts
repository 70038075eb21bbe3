import type { Releases } from '../../../lib/app/promotion/releases.ts';
import { timeOrder } from '../../../lib/core/layout.ts';
import type { Promotion } from '../../../lib/core/promotion.ts';
import type { RecordedRelease } from '../../../lib/core/release.ts';
import { InvariantBroken, type Steps } from './steps.ts';

/** The workflow table's releases, each written together with the end of its promotion. */
export class MemoryReleases implements Releases {
  readonly promotions: Map<string, Promotion>;
  /** In no order, as whoever tampers may leave them. */
  rows: { readonly release: RecordedRelease; readonly model: string }[] = [];
  readonly #steps: Steps;

  /** @param promotions - by their ids */
  constructor(steps: Steps, promotions = new Map<string, Promotion>()) {
    this.#steps = steps;
    this.promotions = promotions;
  }

  readonly list: Releases['list'] = (endpoint, { limit, notAfter = '9999', after }) =>
    this.#steps.read(() => {
      const items = this.#newestFirst(
        ({ release }) => release.endpoint === endpoint && release.released_at <= notAfter,
      );
      return pageOf(items, limit, after);
    });

  readonly next: Releases['next'] = (endpoint, after) =>
    this.#steps.read(() =>
      this.#newestFirst(({ release }) => release.endpoint === endpoint && release.released_at > after).at(-1),
    );

  readonly ofModel: Releases['ofModel'] = (model, { limit, after }) =>
    this.#steps.read(() =>
      pageOf(
        this.#newestFirst((row) => row.model === model),
        limit,
        after,
      ),
    );

  readonly seal: Releases['seal'] = (release, model, promotion) =>
    this.#steps.take('seal-release', () => {
      if (this.promotions.get(promotion.id)?.revision !== promotion.revision - 1) return false;
      if (this.rows.some((row) => row.release.promotion === promotion.id)) {
        throw new InvariantBroken(`${promotion.id} is released twice`);
      }
      this.rows.push(structuredClone({ release, model }));
      this.promotions.set(promotion.id, structuredClone(promotion));
      return true;
    });

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
