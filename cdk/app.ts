import { buildApp } from './build.ts';

// `cdk` passes -c values and its own feature flags in CDK_CONTEXT_JSON, and the output folder in CDK_OUTDIR.
buildApp().synth();
