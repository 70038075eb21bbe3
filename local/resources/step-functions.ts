import { TemplateError } from '../properties.ts';
import type { Maker, Makers } from './maker.ts';

const stateMachine: Maker = (properties, context) => {
  const { cloud } = context;
  const name = properties.optionalText('StateMachineName') ?? context.generatedName();
  properties.oneOf('StateMachineType', ['STANDARD']);
  const roleArn = properties.text('RoleArn');
  const role = [...cloud.roles.values()].find((candidate) => candidate.arn === roleArn);
  if (role === undefined) throw new TemplateError(`${context.logicalId}: there is no role ${roleArn}`);
  const substitutions = properties.textMap('DefinitionSubstitutions');
  const definition = properties.text('DefinitionString').replace(/\$\{(\w+)\}/g, (written, variable: string) => {
    const value = substitutions[variable];
    if (value === undefined) throw new TemplateError(`${context.logicalId}: there is no value for ${written}`);
    return value;
  });
  // The emulator keeps the history of an execution, and neither logs nor traces.
  properties.part('LoggingConfiguration').ignore('Destinations', 'IncludeExecutionData', 'Level');
  properties.part('TracingConfiguration').ignore('Enabled');
  properties.ignore('Tags');
  cloud.identities.assumeAsStateMachine(role, name);
  cloud.stepFunctions.define({ name, definition, roleArn });
  const arn = `arn:aws:states:${cloud.region}:${cloud.accountId}:stateMachine:${name}`;
  return { ref: arn, attributes: { Arn: arn, Name: name } };
};

export const stepFunctionsMakers: Makers = { 'AWS::StepFunctions::StateMachine': stateMachine };
