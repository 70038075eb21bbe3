import { startEmulator } from './emulator.ts';
import { LOOPBACK } from './ports.ts';
import type { Processes } from './processes.ts';

/** The one pair of credentials that the emulators check signatures against. The front door alone uses it. */
export const EMULATOR_CREDENTIALS = { accessKeyId: 'test', secretAccessKey: 'test' } as const;

/** Where an emulator runs and keeps its log; `python` is the interpreter that holds it. */
export interface EmulatorOptions {
  readonly python: string;
  readonly stateDir: string;
  readonly region: string;
  readonly accountId: string;
  /** A free one. */
  readonly port: number;
}

/** Starts MiniStack: every service that is neither played by the front door nor by moto. */
export async function startMinistack(processes: Processes, options: EmulatorOptions): Promise<void> {
  await startEmulator(processes, {
    name: 'MiniStack',
    python: options.python,
    args: ['-m', 'ministack'],
    port: options.port,
    healthPath: '/_ministack/health',
    stateDir: options.stateDir,
    environment: {
      AWS_ACCESS_KEY_ID: EMULATOR_CREDENTIALS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: EMULATOR_CREDENTIALS.secretAccessKey,
      // It binds every interface and opens an MQTT port unless told otherwise.
      BIND_HOST: LOOPBACK,
      IOT_MTLS_ENABLED: '0',
      GATEWAY_PORT: String(options.port),
      MINISTACK_HOST: LOOPBACK,
      MINISTACK_REGION: options.region,
      MINISTACK_ACCOUNT_ID: options.accountId,
      CLOUDTRAIL_RECORDING: '1',
      LOG_LEVEL: 'WARNING',
    },
  });
}
