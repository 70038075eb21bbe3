import { Stack } from 'aws-cdk-lib';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { expect, it, vi } from 'vitest';
import { buildApp } from '../../cdk/build.ts';
import { STAGE_CONFIGS } from '../../cdk/config.ts';
import { inScratch, withoutCode } from './support/synth.ts';

it.each(STAGE_CONFIGS)(
  "the rule packs and CDK's own rules have nothing to object to in the stage $stage",
  ({ stage }) => {
    inScratch((outdir) => {
      expect(() => buildApp({ ...withoutCode(outdir), context: { stage } }).synth()).not.toThrow();
    });
  },
);

it('what a rule finds stops the synthesis', () => {
  // CDK prints its findings.
  const silence = vi.spyOn(console, 'error').mockImplementation(() => undefined);
  inScratch((outdir) => {
    const app = buildApp({ ...withoutCode(outdir), builtinCloudFormationValidation: false, context: { stage: 'dev' } });
    new Bucket(new Stack(app, 'Careless'), 'Bucket');
    expect(() => app.synth()).toThrow(/AwsSolutions-S10.*NIST\.800\.53\.R5-S3DefaultEncryptionKMS/s);
  });
  silence.mockRestore();
});
