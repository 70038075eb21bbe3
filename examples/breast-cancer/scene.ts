import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import type { LocalDescription } from '../../local/description.ts';
import { Agent } from './agent.ts';
import { type Signatory, signatory } from './enrol.ts';

/** Evidence as `countersign --json` prints it. */
export interface Evidence {
  /** Digest of what is stored. */
  readonly evidence: string;
  /** False: it was evidence before. */
  readonly created: boolean;
}

/** Who takes part, in which folder they work, and who is told what happens. */
export class Scene {
  readonly local: LocalDescription;
  readonly folder: string;
  readonly keyAdmin: Agent;
  readonly auditor: Agent;
  readonly signatories: Readonly<Record<Signatory, Agent>>;
  readonly log: (line: string) => void;

  constructor(local: LocalDescription, log: (line: string) => void) {
    this.local = local;
    this.log = log;
    // Beside the local stack's own files, so that keys and results can be looked at while it is up.
    this.folder = join(dirname(local.logs), 'example');
    mkdirSync(this.folder, { recursive: true, mode: 0o700 });
    this.keyAdmin = Agent.as(local, 'key-admin', this.folder);
    this.auditor = Agent.as(local, 'auditor', this.folder);
    this.signatories = {
      'training-pipeline': signatory(local, 'training-pipeline', this.folder),
      'evaluation-pipeline': signatory(local, 'evaluation-pipeline', this.folder),
      'privacy-officer': signatory(local, 'privacy-officer', this.folder),
    };
  }

  /** Does one step and tells in one line what came of it. @throws Error with the step's name */
  async step<T>(name: string, work: () => Promise<T>, told: (result: T) => string): Promise<T> {
    try {
      const result = await work();
      this.log(`${name}: ${told(result)}`);
      return result;
    } catch (error) {
      throw new Error(`${name}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    }
  }

  /** A step of one signatory whose result is evidence. @returns its digest */
  async attest(
    name: string,
    by: Signatory,
    work: (agent: Agent) => Promise<Evidence>,
    told: () => string,
  ): Promise<string> {
    const made = await this.step(
      name,
      () => work(this.signatories[by]),
      ({ evidence }) => `${told()} (evidence ${short(evidence)})`,
    );
    return made.evidence;
  }

  /** Digest of a file of the working folder, or of one by its full path. */
  digest(file: string): string {
    return createHash('sha256')
      .update(readFileSync(this.path(file)))
      .digest('hex');
  }

  read<T>(file: string): T {
    return JSON.parse(readFileSync(this.path(file), 'utf8'));
  }

  path(file: string): string {
    return isAbsolute(file) ? file : join(this.folder, file);
  }
}

/** Enough of a digest to tell it from the others on a screen. */
export function short(digest: string): string {
  return digest.slice(0, 12);
}
