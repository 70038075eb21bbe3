import { Stack } from 'aws-cdk-lib';
import * as ses from 'aws-cdk-lib/aws-ses';
import { Construct } from 'constructs';
import { Env, type EnvName } from '../../lib/contracts/env.ts';
import type { StageConfig } from '../config.ts';
import type { Grantee } from './policy.ts';

/**
 * What mails to approvers go out by. The sender's identity is made unverified: whoever owns the address follows SES's own mail
 * once. Bounces and complaints go to the default event bus.
 */
export class ApprovalMail extends Construct {
  readonly environment: Readonly<Partial<Record<EnvName, string>>>;
  private readonly config: StageConfig;
  private readonly configurationSet: string;

  constructor(scope: Construct, id: string, { config }: { readonly config: StageConfig }) {
    super(scope, id);
    this.config = config;
    this.configurationSet = `countersign-${config.stage}`;
    const { mailFrom } = config.promotion;
    new ses.CfnEmailIdentity(this, 'Identity', { emailIdentity: mailFrom });
    const set = new ses.CfnConfigurationSet(this, 'Set', {
      name: this.configurationSet,
      deliveryOptions: { tlsPolicy: 'REQUIRE' },
      reputationOptions: { reputationMetricsEnabled: true },
      sendingOptions: { sendingEnabled: true },
    });
    new ses.CfnConfigurationSetEventDestination(this, 'Events', {
      configurationSetName: set.ref,
      eventDestination: {
        name: 'undelivered',
        enabled: true,
        matchingEventTypes: ['bounce', 'complaint', 'reject'],
        eventBridgeDestination: {
          eventBusArn: Stack.of(this).formatArn({ service: 'events', resource: 'event-bus', resourceName: 'default' }),
        },
      },
    });
    this.environment = {
      [Env.MAIL_FROM]: mailFrom,
      [Env.MAIL_CONFIGURATION_SET]: this.configurationSet,
    };
  }

  /** Lets the grantee send mails from this address, with this configuration set. */
  grantSend(grantee: Grantee): void {
    const stack = Stack.of(this);
    const { mailFrom } = this.config.promotion;
    grantee.allow({
      sid: 'SendMails',
      actions: ['ses:SendEmail'],
      resources: [
        stack.formatArn({ service: 'ses', resource: 'identity', resourceName: mailFrom }),
        stack.formatArn({ service: 'ses', resource: 'configuration-set', resourceName: this.configurationSet }),
      ],
      conditions: { StringEquals: { 'ses:FromAddress': mailFrom } },
    });
  }
}
