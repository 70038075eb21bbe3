import { join } from 'node:path';
import { startEmulator } from './emulator.ts';
import type { EmulatorOptions } from './ministack.ts';
import { LOOPBACK } from './ports.ts';
import type { Processes } from './processes.ts';

export interface MotoOptions extends EmulatorOptions {
  /** Where its state machines send their calls. */
  readonly frontDoorPort: number;
  /** What it signs these calls with; the access key id is the name of the state machine's role. */
  readonly roleSecret: string;
}

/** Starts moto, for Step Functions alone: see docs/adr/0008. */
export async function startMoto(processes: Processes, options: MotoOptions): Promise<void> {
  await startEmulator(processes, {
    name: 'moto',
    python: options.python,
    args: [join(import.meta.dirname, 'moto_server.py'), '--host', LOOPBACK, '--port', String(options.port)],
    port: options.port,
    healthPath: '/moto-api/',
    stateDir: options.stateDir,
    environment: {
      MOTO_ACCOUNT_ID: options.accountId,
      MOTO_PORT: String(options.frontDoorPort),
      ROLE_SECRET: options.roleSecret,
    },
  });
}
