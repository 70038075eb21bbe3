/** What is announced, where and as what: consumers write their rules by these names. */

/** EventBridge bus of a stage. Its policy takes events from the functions that announce, and from nobody else. */
export function announcementBus(stage: string): string {
  return `countersign-${stage}`;
}

/** EventBridge `source`. */
export const EVENT_SOURCE = 'countersign';

/** CloudEvents `type` and EventBridge `detail-type`. */
export const Announcement = {
  /** An approved waiver ends soon. */
  waiverEnding: 'dev.countersign.waiver.ending.v1',
  promotionRequested: 'dev.countersign.promotion.requested.v1',
  /** A gate does not let it through. */
  promotionRefused: 'dev.countersign.promotion.refused.v1',
  /** One role has approved. */
  promotionApproved: 'dev.countersign.promotion.approved.v1',
  promotionRejected: 'dev.countersign.promotion.rejected.v1',
  /** What people had approved changed; they are asked again. */
  promotionReopened: 'dev.countersign.promotion.reopened.v1',
  /** It ended without a release and without a fault: cancelled, superseded, expired. */
  promotionEnded: 'dev.countersign.promotion.ended.v1',
  released: 'dev.countersign.release.released.v1',
  rolledBack: 'dev.countersign.release.rolled-back.v1',
  incidentOpened: 'dev.countersign.incident.opened.v1',
  incidentResolved: 'dev.countersign.incident.resolved.v1',
} as const;
export type AnnouncementType = (typeof Announcement)[keyof typeof Announcement];
