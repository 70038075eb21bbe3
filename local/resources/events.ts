import { CreateEventBusCommand } from '@aws-sdk/client-eventbridge';
import { DEFAULT_BUS, type RuleTarget } from '../events/bus.ts';
import { eventPattern } from '../events/pattern.ts';
import { TemplateError } from '../properties.ts';
import { type Maker, type Makers, withoutEffect } from './maker.ts';

/** The emulator has it as well, for the rules that tests and people make themselves. */
const eventBus: Maker = async (properties, { cloud }) => {
  const name = properties.text('Name');
  properties.ignore('Description', 'Tags');
  await cloud.clients.events.send(new CreateEventBusCommand({ Name: name }));
  return {
    ref: name,
    attributes: { Arn: `arn:aws:events:${cloud.region}:${cloud.accountId}:event-bus/${name}`, Name: name },
  };
};

/**
 * A rule with a pattern gets events from the bus of this process. One with a schedule never fires by itself: nobody waits
 * a day on one machine. A test, or a person, invokes its function, which must be there.
 */
const rule: Maker = (properties, context) => {
  const { cloud, logicalId } = context;
  const name = properties.optionalText('Name') ?? context.generatedName();
  properties.oneOf('State', ['ENABLED']);
  const bus = properties.optionalText('EventBusName') ?? DEFAULT_BUS;
  const targets = properties.parts('Targets').map((target): RuleTarget => {
    // The bus hands over the whole event, and a function is tried again as its own settings say.
    target.ignore('Id', 'RetryPolicy', 'DeadLetterConfig');
    const arn = target.text('Arn');
    if (arn.startsWith('arn:aws:sqs:')) return { kind: 'queue', arn };
    const definition = cloud.host.functions.find((candidate) => candidate.arn === arn);
    if (definition === undefined) throw new TemplateError(`${logicalId}: there is no function ${arn}`);
    return { kind: 'function', name: definition.name };
  });
  if (properties.has('EventPattern')) {
    const pattern = eventPattern(properties.value('EventPattern') ?? null);
    cloud.bus.addRule({ name, bus, pattern, targets });
  } else {
    if (bus !== DEFAULT_BUS) throw new TemplateError(`${logicalId}: a schedule is on the default bus`);
    const schedule = properties.text('ScheduleExpression');
    if (!/^(rate|cron)\(.+\)$/.test(schedule)) throw new TemplateError(`${logicalId}: ${schedule} is no schedule`);
  }
  properties.ignore('Description');
  return { ref: name, attributes: { Arn: `arn:aws:events:${cloud.region}:${cloud.accountId}:rule/${name}` } };
};

export const eventsMakers: Makers = {
  'AWS::Events::EventBus': eventBus,
  // Who may put what on it, the template's tests ask of every call of the journeys.
  'AWS::Events::EventBusPolicy': withoutEffect,
  'AWS::Events::Rule': rule,
};
