import { readPolicyBundle } from '../../lib/adapters/opa/bundle.ts';
import { packPolicyBundle } from '../../lib/adapters/opa/pack.ts';
import { loadPolicy } from '../../lib/adapters/opa/policy.ts';
import { retainUntil } from '../../lib/app/countersign.ts';
import { readDecision } from '../../lib/app/gate/evaluate.ts';
import { putStatement } from '../../lib/app/gate/record.ts';
import { canonicalBytes } from '../../lib/core/canonical.ts';
import { sha256Hex } from '../../lib/core/digest.ts';
import { decisionPayload } from '../../lib/core/gate/decision.ts';
import { isPassed, parseGateResult } from '../../lib/core/gate/result.ts';
import { objectKey } from '../../lib/core/layout.ts';
import { countersignDeps, tableConfig, tables } from '../../lib/runtime/composition.ts';
import { BUNDLE } from '../../policies/files.ts';
import { factsWith } from '../gate/facts.ts';
import { batchWriter } from '../growth/batch-writer.ts';
import type { Seed } from './protocol.ts';

/** Stores decisions as a gate does, with real signatures, but for the index rows, which are written in batches. */

const ATTESTATIONS = 30;
const LANES = 8;

process.on('message', (message: Seed) => {
  void seed(message).then(() => process.send?.('stored'));
});

async function seed({ decisions, day }: Seed): Promise<void> {
  const deps = countersignDeps();
  const config = tableConfig();
  const key = await tables(config).registry.evidenceKey();
  if (!key) throw new Error('no evidence key is active');
  const writer = batchWriter(config);
  const policy = await loadPolicy(await readPolicyBundle(await packPolicyBundle(BUNDLE)));
  const facts = factsWith(ATTESTATIONS);
  const result = parseGateResult(await policy.evaluate(canonicalBytes(facts)));
  const { sha256, revision, entrypoint } = policy;
  const until = retainUntil(deps.retention, 'production', deps.clock());
  const numbers = Array.from({ length: decisions }, (_, number) => number).values();
  const lane = async (): Promise<void> => {
    for (const number of numbers) {
      const decidedAt = new Date(Date.parse(day) + number * 1000).toISOString();
      // One fact differs, so that each has bytes of its own and all come to the same verdicts.
      const input = { ...facts, requester: `pipeline-${number}` };
      const bytes = canonicalBytes(input);
      const payload = decisionPayload({
        passed: isPassed(result),
        input,
        inputSha256: sha256Hex(bytes),
        policy: { sha256, revision, entrypoint },
        result,
        decidedAt,
        asOf: false,
        beside: [],
        shadows: [],
      });
      const name = objectKey.decision(sha256Hex(payload));
      const put = deps.store.putOnce(objectKey.gateInput(sha256Hex(bytes)), bytes, {
        contentType: 'application/json',
        retainUntil: until,
      });
      const { record, entries } = readDecision(await putStatement(deps, name, payload, key, until, put), name);
      await writer.evidence(record, entries);
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  await writer.flush();
}
