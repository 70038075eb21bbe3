/** What is announced on the account's default EventBridge bus, and as what: consumers write their rules by these names. */

/** EventBridge `source`. Only the functions that announce may put events of it. */
export const EVENT_SOURCE = 'countersign';

/** CloudEvents `type` and EventBridge `detail-type`: an approved waiver ends soon. */
export const WAIVER_ENDING = 'dev.countersign.waiver.ending.v1';
