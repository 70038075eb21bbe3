import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Stack } from 'aws-cdk-lib';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { expect, it, vi } from 'vitest';
import { buildApp } from '../../cdk/build.ts';
import { STAGE_CONFIGS } from '../../cdk/config.ts';
import { synthesise } from './support/synth.ts';

it.each(STAGE_CONFIGS)('both rule packs have nothing to object to in the stage $stage', ({ stage }) => {
  expect(() => synthesise(stage)).not.toThrow();
});

it('what a rule finds stops the synthesis', () => {
  const outdir = mkdtempSync(join(tmpdir(), 'countersign-rules-'));
  // CDK prints its findings.
  const silence = vi.spyOn(console, 'error').mockImplementation(() => undefined);
  try {
    const app = buildApp({ context: { stage: 'dev' }, outdir });
    new Bucket(new Stack(app, 'Careless'), 'Bucket');
    expect(() => app.synth()).toThrow(/AwsSolutions-S10.*NIST\.800\.53\.R5-S3DefaultEncryptionKMS/s);
  } finally {
    silence.mockRestore();
    rmSync(outdir, { recursive: true });
  }
});
