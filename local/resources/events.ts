import type { RuleTarget } from '../events/bus.ts';
import { eventPattern } from '../events/pattern.ts';
import { TemplateError } from '../properties.ts';
import type { Maker, Makers } from './maker.ts';

/**
 * A rule with a pattern gets events from the bus of this process. One with a schedule never fires by itself: nobody waits
 * a day on one machine. A test, or a person, invokes its function, which must be there.
 */
const rule: Maker = (properties, context) => {
  const { cloud, logicalId } = context;
  const name = properties.optionalText('Name') ?? context.generatedName();
  properties.oneOf('State', ['ENABLED']);
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
    cloud.bus.addRule({ name, pattern, targets });
  } else {
    const schedule = properties.text('ScheduleExpression');
    if (!/^(rate|cron)\(.+\)$/.test(schedule)) throw new TemplateError(`${logicalId}: ${schedule} is no schedule`);
  }
  properties.ignore('Description');
  return { ref: name, attributes: { Arn: `arn:aws:events:${cloud.region}:${cloud.accountId}:rule/${name}` } };
};

export const eventsMakers: Makers = { 'AWS::Events::Rule': rule };
