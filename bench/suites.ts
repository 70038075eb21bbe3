import { awsCalls } from './aws-calls.ts';
import { coldStart } from './cold-start/cold-start.ts';
import type { Figure } from './figure.ts';
import { gate } from './gate/gate.ts';
import { policy } from './gate/policy.ts';
import { growth } from './growth/growth.ts';
import { hashing } from './hashing/hashing.ts';
import { intakeCpu } from './intake/cpu.ts';
import { load } from './load/load.ts';
import { promotion } from './promotion/promotion.ts';
import type { BenchStack } from './stack.ts';
import { verify } from './verify.ts';
import { whatIf } from './what-if/what-if.ts';

/** Figures that are measured together. Those that need a local AWS share one. */
export type Suite = { readonly name: string } & (
  | { readonly needs: 'stack'; readonly measure: (stack: BenchStack, scratch: string) => Promise<readonly Figure[]> }
  | { readonly needs: 'nothing'; readonly measure: (scratch: string) => Promise<readonly Figure[]> }
);

export const SUITES: readonly Suite[] = [
  { name: 'aws-calls', needs: 'stack', measure: awsCalls },
  { name: 'intake-cpu', needs: 'stack', measure: intakeCpu },
  { name: 'cold-start', needs: 'stack', measure: coldStart },
  { name: 'verify', needs: 'nothing', measure: verify },
  { name: 'policy', needs: 'nothing', measure: policy },
  { name: 'gate', needs: 'stack', measure: gate },
  { name: 'promotion', needs: 'stack', measure: promotion },
  { name: 'hashing', needs: 'nothing', measure: hashing },
  { name: 'load', needs: 'stack', measure: load },
  { name: 'what-if', needs: 'stack', measure: whatIf },
  // Last: it leaves the emulator full.
  { name: 'growth', needs: 'stack', measure: growth },
];
