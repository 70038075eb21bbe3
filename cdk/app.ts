import { buildApp } from './build.ts';
import { ConfigError } from './config.ts';

// `cdk` passes -c values in CDK_CONTEXT_JSON and the output folder in CDK_OUTDIR.
try {
  buildApp().synth();
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
