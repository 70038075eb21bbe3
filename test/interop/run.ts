import { rmSync } from 'node:fs';
import { mkdir, mkdtemp } from 'node:fs/promises';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { startLocal } from '../../local/stack.ts';
import { report } from '../run.ts';
import { canonicalJson } from './canonical-json.ts';
import { cfnLint } from './cfn-lint.ts';
import { cosignSigns } from './cosign-sign.ts';
import { cosignVerifies } from './cosign-verify.ts';
import { decisionsMatch } from './decision.ts';
import { airflowDag, githubWorkflow, kubernetesManifests } from './examples.ts';
import { junitReports } from './junit.ts';
import { modelSigning } from './model-signing.ts';
import { opaMatches } from './opa.ts';
import { opensslVerifies } from './openssl.ts';
import { policiesMatch } from './policies.ts';
import { signatureVerdicts } from './signatures.ts';
import { sigstoreReads } from './sigstore.ts';
import { storedDecisionMatches } from './stored-decision.ts';
import { Checks } from './support/checks.ts';
import { Cosign } from './support/cosign.ts';
import { produceEvidence } from './support/evidence.ts';

/**
 * `npm run interop`: installs the tools that others verify with, from their registries, and holds our output against them.
 * Needs Go, Python, openssl and jq. What is installed stays in .countersign/interop.
 */
const folder = await mkdtemp(join(tmpdir(), 'countersign-interop-'));
process.once('exit', () => {
  try {
    rmSync(folder, { recursive: true, force: true });
  } catch {
    // A child that was interrupted still writes there. What throws here would keep the local AWS from ending its own.
  }
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => process.exit(128 + constants.signals[signal]));
}

const checks = new Checks();
await checks.suite('cfn-lint', (check) => cfnLint(check, folder));
await checks.suite('rfc8785', canonicalJson);
await checks.suite('opa policies', policiesMatch);
await checks.suite('opa stored decision', storedDecisionMatches);
await checks.suite('actionlint', (check) => githubWorkflow(check, folder));
await checks.suite('kubernetes-validate', (check) => kubernetesManifests(check, folder));
await checks.suite('airflow', (check) => airflowDag(check, folder));
await checks.suite('xmlschema', (check) => junitReports(check, folder));
await againstLocalAws();
report([checks.count]);

/** What needs evidence with a receipt: the local AWS runs for as long. */
async function againstLocalAws(): Promise<void> {
  await checks.suite('local AWS', async () => {
    const stack = await startLocal({ stateDir: join(folder, 'state'), log: (line) => console.log(`  ${line}`) });
    try {
      const evidenceFolder = join(folder, 'evidence');
      await mkdir(evidenceFolder);
      const evidence = await produceEvidence(stack.description, evidenceFolder);
      await checks.suite('openssl', (check) => opensslVerifies(check, evidence, folder));
      await checks.suite('sigstore', (check) => sigstoreReads(check, evidence, folder));
      await checks.suite('opa', (check) => opaMatches(check, evidence, folder));
      await checks.suite('cosign', async (check) => {
        const cosign = await Cosign.install(folder);
        await cosignVerifies(check, cosign, evidence, folder);
        await cosignSigns(check, cosign, stack.description, folder);
        await signatureVerdicts(check, cosign, folder);
      });
      await checks.suite('model_signing', (check) => modelSigning(check, stack.description, evidence, folder));
      await checks.suite('opa decisions', (check) => decisionsMatch(check, stack.description));
    } finally {
      await stack.stop();
    }
  });
}
