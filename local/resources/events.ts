import { TemplateError } from '../properties.ts';
import type { Maker, Makers } from './maker.ts';

/** Nobody waits a day on one machine: a test, or a person, invokes the function. What the rule would start must be there. */
const dailyRule: Maker = (properties, context) => {
  const { cloud, logicalId } = context;
  const name = properties.optionalText('Name') ?? context.generatedName();
  properties.oneOf('State', ['ENABLED']);
  const schedule = properties.text('ScheduleExpression');
  if (!/^cron\(\d+ \d+ \* \* \? \*\)$/.test(schedule)) {
    throw new TemplateError(`${logicalId}: of schedules, local AWS knows daily ones only, not ${schedule}`);
  }
  for (const target of properties.parts('Targets')) {
    const arn = target.text('Arn');
    if (!cloud.host.find(arn.split(':').at(-1) ?? ''))
      throw new TemplateError(`${logicalId}: there is no function ${arn}`);
    target.ignore('Id');
  }
  properties.ignore('Description');
  return { ref: name, attributes: { Arn: `arn:aws:events:${cloud.region}:${cloud.accountId}:rule/${name}` } };
};

export const eventsMakers: Makers = { 'AWS::Events::Rule': dailyRule };
