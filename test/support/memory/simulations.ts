import type { Executions, Simulations, WorkStore } from '../../../lib/app/simulate/ports.ts';
import type { Simulation } from '../../../lib/core/simulation.ts';
import { InvariantBroken, type Step, type Steps } from './steps.ts';

/** The simulations of the workflow table: revisions count up by one. */
export class MemorySimulations implements Simulations {
  readonly #simulations = new Map<string, Simulation>();
  readonly #done = new Map<string, Set<number>>();
  readonly #steps: Steps;

  constructor(steps: Steps) {
    this.#steps = steps;
  }

  readonly find: Simulations['find'] = (id) =>
    this.#steps.read(() => {
      const simulation = this.#simulations.get(id);
      return simulation && { simulation: structuredClone(simulation), done: this.#done.get(id)?.size ?? 0 };
    });

  readonly ofPolicy: Simulations['ofPolicy'] = (sha256) =>
    this.#steps.read(() => [...this.#simulations.values()].filter(({ policy }) => policy === sha256).toReversed());

  readonly save: Simulations['save'] = (simulation) =>
    this.#steps.take('save-simulation', () => {
      if ((this.#simulations.get(simulation.id)?.revision ?? 0) !== simulation.revision - 1) return false;
      this.#simulations.set(simulation.id, structuredClone(simulation));
      return true;
    });

  readonly markDone: Simulations['markDone'] = (id, chunk) =>
    this.#steps.take('mark-done', () => {
      this.#done.set(id, (this.#done.get(id) ?? new Set()).add(chunk));
    });
}

/** The staging bucket's part of simulations. */
export class MemoryWork implements WorkStore {
  readonly objects = new Map<string, Buffer>();
  readonly #steps: Steps;

  constructor(steps: Steps) {
    this.#steps = steps;
  }

  readonly putOnce: WorkStore['putOnce'] = (name, bytes) =>
    this.#steps.take(stepOf(name), () => {
      if (this.objects.has(name)) return false;
      this.objects.set(name, Buffer.from(bytes));
      return true;
    });

  readonly read: WorkStore['read'] = (name) => this.#steps.read(() => this.objects.get(name));

  readonly has: WorkStore['has'] = (name) => this.#steps.read(() => this.objects.has(name));
}

function stepOf(name: string): Step {
  if (name.endsWith('/chunks.json')) return 'put-chunk-list';
  if (/\/chunks\/\d+\.json$/.test(name)) return 'put-chunk';
  if (/\/results\/\d+\.json$/.test(name)) return 'put-result';
  throw new InvariantBroken(`${name} is no work of a simulation`);
}

/** Executions that run until somebody says otherwise. */
export class MemoryExecutions implements Executions {
  readonly states = new Map<string, 'running' | 'ended'>();
  readonly inputs = new Map<string, object>();
  readonly #steps: Steps;

  constructor(steps: Steps) {
    this.#steps = steps;
  }

  readonly start: Executions['start'] = (name, input) =>
    this.#steps.take('start-execution', () => {
      if (this.states.has(name)) return;
      this.states.set(name, 'running');
      this.inputs.set(name, input);
    });

  readonly state: Executions['state'] = (name) => this.#steps.read(() => this.states.get(name) ?? 'absent');
}
