import {
  CreateConfigurationSetCommand,
  CreateConfigurationSetEventDestinationCommand,
  CreateEmailIdentityCommand,
} from '@aws-sdk/client-sesv2';
import type { FeedbackKind } from '../mail/feedback.ts';
import { TemplateError } from '../properties.ts';
import type { Maker, Makers } from './maker.ts';

const TOKENS = [1, 2, 3] as const;

/** The emulator takes every identity as verified: nobody answers for a domain on one machine. */
const emailIdentity: Maker = async (properties, { cloud }) => {
  const identity = properties.text('EmailIdentity');
  const configurationSet = properties.optionalPart('ConfigurationSetAttributes')?.optionalText('ConfigurationSetName');
  await cloud.clients.ses.send(new CreateEmailIdentityCommand({ EmailIdentity: identity }));
  if (configurationSet !== undefined) cloud.mailbox.setDefault(identity, configurationSet);
  // DNS records, DKIM and the forwarding of bounces have no counterpart here.
  properties.ignore('DkimAttributes', 'DkimSigningAttributes', 'FeedbackAttributes', 'MailFromAttributes', 'Tags');
  const records = TOKENS.flatMap((at) => [
    [`DkimDNSTokenName${at}`, `token${at}._domainkey.${identity}`],
    [`DkimDNSTokenValue${at}`, `token${at}.dkim.amazonses.com`],
  ]);
  return { ref: identity, attributes: Object.fromEntries(records) };
};

const configurationSet: Maker = async (properties, context) => {
  const name = properties.optionalText('Name') ?? context.generatedName();
  await context.cloud.clients.ses.send(new CreateConfigurationSetCommand({ ConfigurationSetName: name }));
  context.cloud.mailbox.addConfigurationSet(name);
  properties.ignore(
    'DeliveryOptions',
    'ReputationOptions',
    'SendingOptions',
    'SuppressionOptions',
    'VdmOptions',
    'Tags',
  );
  return { ref: name };
};

/** Of what SES reports, the local one has bounces and complaints; the rest never happens here. */
const FEEDBACK = { bounce: 'BOUNCE', complaint: 'COMPLAINT' } as const satisfies Record<FeedbackKind, string>;

const eventDestination: Maker = async (properties, context) => {
  const { cloud, logicalId } = context;
  const set = properties.text('ConfigurationSetName');
  const destination = properties.part('EventDestination');
  const name = destination.optionalText('Name') ?? context.generatedName();
  const wanted = destination.texts('MatchingEventTypes').map((type) => type.toLowerCase());
  const kinds = (['bounce', 'complaint'] as const).filter((kind) => wanted.includes(kind));
  if (!destination.flag('Enabled')) throw new TemplateError(`${logicalId}: an event destination is made to be enabled`);
  await cloud.clients.ses.send(
    new CreateConfigurationSetEventDestinationCommand({
      ConfigurationSetName: set,
      EventDestinationName: name,
      EventDestination: {
        Enabled: true,
        MatchingEventTypes: kinds.map((kind) => FEEDBACK[kind]),
        EventBridgeDestination: { EventBusArn: destination.part('EventBridgeDestination').text('EventBusArn') },
      },
    }),
  );
  cloud.mailbox.report(set, kinds);
  return { ref: logicalId };
};

export const sesMakers: Makers = {
  'AWS::SES::EmailIdentity': emailIdentity,
  'AWS::SES::ConfigurationSet': configurationSet,
  'AWS::SES::ConfigurationSetEventDestination': eventDestination,
};
