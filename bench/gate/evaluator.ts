import { readFile } from 'node:fs/promises';
import { readPolicyBundle } from '../../lib/adapters/opa/bundle.ts';
import { loadPolicy } from '../../lib/adapters/opa/policy.ts';
import type { LoadedPolicy } from '../../lib/app/gate/ports.ts';
import type { Evaluate, Evaluated, Load, Loaded } from './protocol.ts';

/** The compiled policy as the gates function asks it, alone in its process. */

let policy: LoadedPolicy | undefined;
let facts: Buffer | undefined;

process.on('message', (message: Load | Evaluate) => {
  void ('bundle' in message ? load(message) : evaluate(message)).then((answer) => process.send?.(answer));
});

async function load(message: Load): Promise<Loaded> {
  const bytes = await readFile(message.bundle);
  facts = await readFile(message.facts);
  const from = performance.now();
  policy = await loadPolicy(await readPolicyBundle(bytes));
  return { loadMs: performance.now() - from };
}

async function evaluate({ times }: Evaluate): Promise<Evaluated> {
  if (!policy || !facts) throw new Error('an evaluation came before the policy');
  const latenciesMs: number[] = [];
  let answer: unknown;
  for (let done = 0; done < times; done++) {
    const from = performance.now();
    answer = await policy.evaluate(facts);
    latenciesMs.push(performance.now() - from);
  }
  return { latenciesMs, answer };
}
