import { basename } from 'node:path';
import type { Scene } from './scene.ts';

interface Asserted {
  readonly attribute: string;
  /** File that it is asserted of. */
  readonly about: string;
  readonly conditions: object;
  /** Name of the models that it is asserted for. */
  readonly model?: string;
  /** File that says why. */
  readonly grounds?: string;
}

/** One assertion of a SCAI report, with the digests of what it is about and of its grounds. */
export function assertion(scene: Scene, { attribute, about, conditions, model, grounds }: Asserted): object {
  const file = (path: string) => ({ name: basename(path), digest: { sha256: scene.digest(path) } });
  return {
    attribute,
    target: { ...file(about), ...(model === undefined ? {} : { annotations: { 'countersign.dev/model': model } }) },
    conditions,
    ...(grounds === undefined ? {} : { evidence: file(grounds) }),
  };
}

/** Writes a SCAI attribute report (v0.3). @returns the file's name */
export function writeScai(scene: Scene, file: string, attributes: readonly object[]): string {
  scene.write(file, { attributes });
  return file;
}
