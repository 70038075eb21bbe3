import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, isAbsolute, join } from 'node:path';
import { promisify } from 'node:util';
import type { LocalDescription } from '../../local/description.ts';
import { Agent } from './agent.ts';
import { type Signatory, signatory } from './enrol.ts';

/** What `countersign --json` prints of what it had countersigned. */
export interface Accepted {
  /** Digest of what is stored. */
  readonly evidence: string;
  /** False: it was evidence before. */
  readonly created: boolean;
}

/** A signed statement that became evidence, with its files in the working folder. */
export interface Attestation {
  readonly evidence: string;
  readonly signedBy: Signatory;
  readonly bundle: string;
  readonly receipt: string;
}

/** Who takes part, in which folder they work, and who is told what happens. */
export class Scene {
  readonly local: LocalDescription;
  readonly folder: string;
  readonly keyAdmin: Agent;
  readonly auditor: Agent;
  readonly promoter: Agent;
  readonly peopleAdmin: Agent;
  readonly policyAuthor: Agent;
  readonly policyApprover: Agent;
  /** May write policies and approve them, yet not the same one. */
  readonly policyLead: Agent;
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
    this.promoter = Agent.as(local, 'promoter', this.folder);
    this.peopleAdmin = Agent.as(local, 'people-admin', this.folder);
    this.policyAuthor = Agent.as(local, 'policy-author', this.folder);
    this.policyApprover = Agent.as(local, 'policy-approver', this.folder);
    this.policyLead = Agent.as(local, 'policy-lead', this.folder);
    this.signatories = {
      'training-pipeline': signatory(local, 'training-pipeline', this.folder),
      'evaluation-pipeline': signatory(local, 'evaluation-pipeline', this.folder),
      'privacy-officer': signatory(local, 'privacy-officer', this.folder),
      'model-owner': signatory(local, 'model-owner', this.folder),
      platform: signatory(local, 'platform', this.folder),
      'security-scanner': signatory(local, 'security-scanner', this.folder),
      'policy-tests': signatory(local, 'policy-tests', this.folder),
    };
  }

  /** Does one step and tells in one line what came of it. @throws Error with the step's name */
  async step<T>(name: string, work: () => Promise<T>, told: (result: T) => string): Promise<T> {
    const result = await this.prepare(name, work);
    this.log(`${name}: ${told(result)}`);
    return result;
  }

  /** Does what a step needs beforehand, untold. @throws Error with the step's name */
  async prepare<T>(name: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw new Error(`${name}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    }
  }

  /** A step in which a signatory runs `countersign run` or `attest`; what is signed and its receipt are kept. */
  async attest(name: string, signedBy: Signatory, args: readonly string[], told: () => string): Promise<Attestation> {
    const bundle = `${name.replaceAll(' ', '-')}.sigstore.json`;
    const receipt = receiptOf(bundle);
    // Options end where the command that `run` is given begins.
    const end = args.includes('--') ? args.indexOf('--') : args.length;
    const kept = [...args.slice(0, end), '--save', bundle, '--receipt', receipt, ...args.slice(end)];
    const { evidence, created } = await this.step(
      name,
      () => this.signatories[signedBy].json<Accepted>(...kept),
      (accepted) => `${told()} (evidence ${short(accepted.evidence)})`,
    );
    // A statement without a time may have been made before, by the same key: then the receipt is for those first bytes.
    if (!created) await this.auditor.countersign('show', 'evidence', evidence, '--attestation', bundle);
    return { evidence, signedBy, bundle, receipt };
  }

  /** Runs a program in the working folder. @returns what it printed @throws Error with what it complained of */
  async run(program: string, ...args: readonly string[]): Promise<string> {
    const { stdout } = await promisify(execFile)(program, args, { cwd: this.folder });
    return stdout.trim();
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

  write(file: string, document: object): void {
    writeFileSync(this.path(file), `${JSON.stringify(document, null, 2)}\n`);
  }

  path(file: string): string {
    return isAbsolute(file) ? file : join(this.folder, file);
  }
}

/** Enough of a digest to tell it from the others on a screen. */
export function short(digest: string): string {
  return digest.slice(0, 12);
}

/** Name of the file that the receipt of a file goes to, in the working folder. */
export function receiptOf(file: string): string {
  return `${basename(file, '.sigstore.json')}.receipt.sigstore.json`;
}
