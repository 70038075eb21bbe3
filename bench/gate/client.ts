import type { ApiClient } from '../../cli/client.ts';
import { apiOf } from '../access.ts';
import type { Ask, Boot } from './protocol.ts';

/** Who asks gates, in a process of its own, so that it takes no time from the front door and the function. */

let api: ApiClient | undefined;

process.on('message', (message: Boot | Ask) => {
  void ('local' in message ? boot(message) : ask(message)).then((answer) => process.send?.(answer));
});

async function boot({ local }: Boot): Promise<'ready'> {
  api = apiOf(local, 'promoter');
  return 'ready';
}

async function ask({ question, times }: Ask): Promise<readonly number[]> {
  if (!api) throw new Error('a question came before the boot');
  const latenciesMs: number[] = [];
  for (let done = 0; done < times; done++) {
    const from = performance.now();
    await api.json({ method: 'POST', path: '/v1/gates/evaluate', body: question });
    latenciesMs.push(performance.now() - from);
  }
  return latenciesMs;
}
