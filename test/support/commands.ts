import { buildProgram, leaves } from '../../cli/program.ts';

/** What the program would not understand of these arguments, up to the job that `run` is given. */
export function misunderstood([name = '', ...all]: readonly string[]): string[] {
  const command = buildProgram().commands.find((one) => one.name() === name);
  if (command === undefined) return [`there is no command ${name}`];
  const end = all.indexOf('--');
  const args = end < 0 ? all : all.slice(0, end);
  const wrong: string[] = [];
  for (let at = 0; at < args.length; at++) {
    const [flag = '', attached] = (args[at] ?? '').split(/=(.*)/s);
    const option = command.options.find(({ long, short }) => flag === long || flag === short);
    const value = option?.required ? (attached ?? args[++at]) : attached;
    if (option === undefined) wrong.push(`${name} has no ${flag}`);
    else if (option.required && value === undefined) wrong.push(`${flag} needs a value`);
    else if (option.argChoices && !value?.startsWith('$') && !option.argChoices.includes(value ?? '')) {
      wrong.push(`${flag} cannot be ${value}`);
    }
  }
  return wrong;
}

/** What the program says against these arguments before it does anything; undefined when it would do as they say. */
export function refusalOf(args: readonly string[]): string | undefined {
  const program = buildProgram();
  for (const command of leaves(program)) command.configureOutput({ writeErr: () => {} }).action(() => {});
  try {
    program.parse(args, { from: 'user' });
    return undefined;
  } catch (error) {
    return String(error);
  }
}
