import type { AnnouncementType } from '../contracts/announcements.ts';
import type { Promotion } from './promotion.ts';
import type { CloudEvent } from './waiver-ending.ts';

export interface Told {
  readonly stage: string;
  readonly time: string;
  readonly news?: string;
  readonly about?: Readonly<Record<string, string>>;
}

/**
 * What is announced of a promotion. The same news has the same id, however often it is sent. Texts that people or pipelines
 * wrote are not among the data: whoever is told reads them where they are shown safely.
 *
 * @param news - tells several announcements of one type apart, such as one per round
 * @param about - what it says beyond where the promotion stands
 */
export function promotionEvent(
  type: AnnouncementType,
  promotion: Promotion,
  { stage, time, news = '', about = {} }: Told,
): CloudEvent {
  const { id, kind, state, model, endpoint, environment, image, round, changes, abort, failure, release, incident } =
    promotion;
  return {
    specversion: '1.0',
    id: [id, type, news].filter((part) => part !== '').join('/'),
    source: `urn:countersign:${stage}`,
    type,
    subject: id,
    time,
    datacontenttype: 'application/json',
    data: {
      promotion: id,
      kind,
      state,
      model,
      endpoint,
      environment,
      image,
      round,
      changes,
      abort: abort?.cause ?? null,
      failure: failure?.code ?? null,
      release,
      incident,
      ...about,
    },
  };
}
