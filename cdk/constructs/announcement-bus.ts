import * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { Announcement, announcementBus, EVENT_SOURCE } from '../../lib/contracts/announcements.ts';
import type { StageConfig } from '../config.ts';
import { ANNOUNCERS } from '../names.ts';
import type { Grantee } from './policy.ts';
import { functionRoleArns } from './principals.ts';

/** `detail-type` of the ends of promotions besides a release. A rollback that put something back is told as `rolledBack` too. */
export const OTHER_ENDS = [
  Announcement.rolledBack,
  Announcement.promotionRefused,
  Announcement.promotionRejected,
  Announcement.promotionEnded,
];

/**
 * The bus that announcements go by. One of its own, because everybody in the account who may put events puts them on the
 * default bus under any name, and who forges an announcement is believed by whom it is for, or keeps the true one from them.
 */
export class AnnouncementBus extends Construct {
  readonly bus: events.EventBus;

  constructor(scope: Construct, id: string, { config }: { readonly config: StageConfig }) {
    super(scope, id);
    this.bus = new events.EventBus(this, 'Bus', {
      eventBusName: announcementBus(config.stage),
      description: `Countersign ${config.stage}: what happened`,
    });
    this.bus.addToResourcePolicy(
      new iam.PolicyStatement({
        sid: 'OnlyAnnouncersAnnounce',
        effect: iam.Effect.DENY,
        principals: [new iam.AnyPrincipal()],
        actions: ['events:PutEvents'],
        resources: [this.bus.eventBusArn],
        conditions: { ArnNotEquals: { 'aws:PrincipalArn': functionRoleArns(this, config, ANNOUNCERS) } },
      }),
    );
  }

  /** Lets the grantee, which is one of ANNOUNCERS, say what happened. */
  grantAnnounce(grantee: Grantee): void {
    grantee.allow({
      sid: 'Announce',
      actions: ['events:PutEvents'],
      resources: [this.bus.eventBusArn],
      // One call names many sources; where it names none, all of none would be ours.
      conditions: {
        'ForAllValues:StringEquals': { 'events:source': [EVENT_SOURCE] },
        Null: { 'events:source': 'false' },
      },
    });
  }
}
