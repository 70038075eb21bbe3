import type { Json } from '../../json.ts';
import type { Reason } from '../input.ts';

/** A reason for a reader: what is so, and what would change the verdict. */
export interface Explained {
  readonly sentence: string;
  /** Undefined where nothing is to be mended, or nobody but the policy's author knows what. */
  readonly fix: string | undefined;
}

export class Values {
  readonly #params: Reason['params'];

  constructor(params: Reason['params']) {
    this.#params = params;
  }

  text(name: string): string {
    return shown(this.#params[name] ?? null);
  }

  /** Empty where there is none. */
  maybe(name: string): string {
    const value = this.#params[name];
    return value === undefined ? '' : shown(value);
  }

  has(name: string): boolean {
    return (this.#params[name] ?? null) !== null;
  }

  /** The first digits of a digest, enough to find it by. */
  short(name: string): string {
    return this.text(name).slice(0, 12);
  }

  list(name: string): readonly Json[] {
    const value = this.#params[name];
    return Array.isArray(value) ? value : [];
  }
}

export function shown(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

export function names(values: readonly Json[]): string {
  return values.map(shown).join(', ');
}

export const commit = (values: readonly Json[]): string =>
  values.length === 0 ? 'no known commit' : `the commit ${names(values)}`;

export type Phrase = (values: Values) => Explained;

export const say = (sentence: string, fix?: string): Explained => ({ sentence, fix });

export const scai = (attribute: string, subject: string): string =>
  `sign a SCAI report of ${attribute} with a key that may: \`countersign attest --type scai --predicate report.json --subject ${subject}\``;

export const testResult = (kind: string): string =>
  `attest the result of the ${kind} test: \`countersign attest --type test-result --predicate result.json --subject model.tar.gz\``;

/** What each stage names at least, as in policies/data/manifests.json. */
const STAGE_OPTIONS: Readonly<Record<string, string>> = {
  ingest: '--dataset data.csv',
  preprocess: '--input raw.csv --output data.csv',
  feature: '--input data.csv --output features.csv',
  training: '--dataset train.csv --model model.tar.gz',
  evaluation: '--dataset test.csv --model model.tar.gz --metrics metrics.json',
  registration: '--model model.tar.gz --model-card card.json',
  promotion: '--model model.tar.gz',
  serving: '--model model.tar.gz --image-digest sha256:DIGEST',
};

const stageOptions = (stage: string): string => `--stage ${stage} ${STAGE_OPTIONS[stage] ?? '--model model.tar.gz'}`;

/** Runs the job of a stage, which attests it. */
export const run = (stage: string, more = ''): string => `\`countersign run ${stageOptions(stage)}${more} -- COMMAND\``;

/** Attests a stage that ran before. */
export const attest = (stage: string, more = ''): string => `\`countersign attest ${stageOptions(stage)}${more}\``;

export const REPEAT = 'ask again; if it stays so, `countersign status` tells what cannot be reached';
