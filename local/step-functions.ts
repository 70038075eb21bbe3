import {
  CreateStateMachineCommand,
  DescribeExecutionCommand,
  type DescribeExecutionOutput,
  SFNClient,
} from '@aws-sdk/client-sfn';
import { messageOf } from './errors.ts';
import { EMULATOR_CREDENTIALS } from './ministack.ts';
import { LOOPBACK } from './ports.ts';

/** A state machine of the template, its definition with every substitution made. */
export interface StateMachineDefinition {
  readonly name: string;
  readonly definition: string;
  readonly roleArn: string;
}

/** The state machines, which moto is told of when all of a template is there. */
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
      this.#made = this.#made.then(() => this.#make(machine));
    }
    return this.#made;
  }

  describe(executionArn: string): Promise<DescribeExecutionOutput> {
    return this.#client.send(new DescribeExecutionCommand({ executionArn }));
  }

  async #make(machine: StateMachineDefinition): Promise<void> {
    try {
      await this.#client.send(new CreateStateMachineCommand(machine));
    } catch (error) {
      // Why, is not among what the SDK can read of moto's answer: test/template/state-machine-definitions.test.ts tells.
      throw new Error(`moto refuses the state machine ${machine.name}: ${messageOf(error)}`, { cause: error });
    }
  }

  close(): void {
    this.#client.destroy();
  }
}
