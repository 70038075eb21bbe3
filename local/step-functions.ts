import { CreateStateMachineCommand, SFNClient } from '@aws-sdk/client-sfn';
import { EMULATOR_CREDENTIALS } from './ministack.ts';
import { LOOPBACK } from './ports.ts';

/** A state machine of the template, its definition with every substitution made. */
export interface StateMachineDefinition {
  readonly name: string;
  readonly definition: string;
  readonly roleArn: string;
}

/**
 * The state machines, which moto is told of when Step Functions is called for the first time: its interpreter takes
 * seconds to load, and most starts of local AWS never run a state machine.
 */
export class StepFunctions {
  readonly #client: SFNClient;
  readonly #unmade: StateMachineDefinition[] = [];
  #made: Promise<void> = Promise.resolve();

  constructor(options: { readonly port: number; readonly region: string }) {
    this.#client = new SFNClient({
      endpoint: `http://${LOOPBACK}:${options.port}`,
      region: options.region,
      credentials: EMULATOR_CREDENTIALS,
    });
  }

  define(machine: StateMachineDefinition): void {
    this.#unmade.push(machine);
  }

  /** Resolves when every state machine is there. */
  ready(): Promise<void> {
    for (const machine of this.#unmade.splice(0)) {
      this.#made = this.#made.then(async () => {
        await this.#client.send(new CreateStateMachineCommand(machine));
      });
    }
    return this.#made;
  }

  close(): void {
    this.#client.destroy();
  }
}
