import { describe, expect, it } from 'vitest';
import { Predicate } from '../../../lib/contracts/predicates.ts';
import { receiptPayload } from '../../../lib/core/countersigned.ts';
import { indexEntries } from '../../../lib/core/evidence.ts';
import type { Json } from '../../../lib/core/json.ts';
import { lookup, objectKey, stageOrder, timeOrder } from '../../../lib/core/layout.ts';
import { parseReceipt, type Receipt } from '../../../lib/core/receipt.ts';
import { parseStatement } from '../../../lib/core/statement.ts';
import { parseSubmission } from '../../../lib/core/submission.ts';
import { asObject, newKey } from '../../support/keys.ts';
import {
  aManifest,
  aScaiReport,
  aScan,
  aStatement,
  bytesOf,
  digestOf,
  NOW,
  PIPELINE,
  signedStatement,
} from '../../support/manifests.ts';
import { refusal } from '../../support/refusals.ts';

const sha256 = digestOf('evidence');
const record = { sha256, received_at: NOW, principal: PIPELINE, environment: 'staging', flags: ['late'] } as const;

describe('indexEntries', () => {
  it('lists a manifest by run, commit, principal and day, and each digest in its part', async () => {
    const bytes = bytesOf(aManifest({ model_card: { sha256: digestOf('card') }, commit_sha: 'c0ffee0' }));
    const { content } = await parseSubmission(bytes, 'manifests');
    const common = {
      evidence: sha256,
      predicate_type: 'https://countersign.dev/manifest/v1',
      received_at: NOW,
      principal: PIPELINE,
      environment: 'staging',
      flags: ['late'],
      stage: 'training',
      run_id: 'run-1',
    };
    const time = `${NOW}#${sha256}`;
    expect(indexEntries(record, content)).toEqual([
      { ...common, pk: 'run#run-1', sk: `03#${time}` },
      { ...common, pk: 'commit#c0ffee0', sk: time },
      { ...common, pk: `principal#${PIPELINE}#2026-02-21`, sk: time },
      { ...common, pk: `digest#${digestOf('classifier')}`, sk: time, part: 'output', linked: [digestOf('iris')] },
      { ...common, pk: `digest#${digestOf('iris')}`, sk: time, part: 'input', linked: [digestOf('classifier')] },
      { ...common, pk: `digest#${digestOf('card')}`, sk: time, part: 'mention' },
      { ...common, pk: `digest#${digestOf('image')}`, sk: time, part: 'mention' },
    ]);
  });

  it('lists what a report asserts with what it is about', async () => {
    const bytes = signedStatement(aScaiReport(['DATASET_CONSENT']), newKey());
    const { content } = await parseSubmission(bytes, 'attestations');
    expect(indexEntries(record, content)).toEqual([
      expect.objectContaining({ pk: `principal#${PIPELINE}#2026-02-21`, attributes: ['DATASET_CONSENT'] }),
      expect.objectContaining({ pk: `digest#${digestOf('iris')}`, part: 'mention', attributes: ['DATASET_CONSENT'] }),
    ]);
  });
});

describe('the look-up lines of an attestation', () => {
  it('name the model that thresholds are for, so that the newest are found by whoever knows none', async () => {
    const target = (name: Json) => ({ uri: 'urn:x', annotations: { 'countersign.dev/model': name } });
    const named = ['triage', 'triage', 'x'.repeat(257), '', null, 7];
    const statement = aStatement({
      subject: [{ name: 'thresholds', digest: { sha256: digestOf('thresholds') } }],
      predicateType: Predicate.scai,
      predicate: { attributes: named.map((name) => ({ attribute: 'EVALUATION_THRESHOLDS', target: target(name) })) },
    });
    const { content } = await parseSubmission(signedStatement(statement, newKey()), 'attestations');
    const entries = indexEntries(record, content).filter(({ pk }) => pk.startsWith('model-name#'));
    expect(entries).toEqual([expect.objectContaining({ pk: 'model-name#triage', predicate_type: Predicate.scai })]);
  });

  it('name the scanner, unless its name is longer than a line should be', async () => {
    const linesOf = async (uri: string) => {
      const { content } = await parseSubmission(signedStatement(aScan({ uri }), newKey()), 'attestations');
      return indexEntries(record, content).map(({ scanner }) => scanner);
    };
    expect(await linesOf('pkg:golang/scanner@1')).toEqual(['pkg:golang/scanner@1', 'pkg:golang/scanner@1']);
    expect(await linesOf(`pkg:golang/${'s'.repeat(250)}`)).toEqual([undefined, undefined]);
  });
});

describe('the layout', () => {
  it('is what the bucket of every deployment holds: these names never change', () => {
    const hex = 'ab'.repeat(32);
    expect(objectKey.attestation(hex)).toBe(`attestations/sha256/ab/${hex}.sigstore.json`);
    expect(objectKey.artifact(hex)).toBe(`artifacts/sha256/ab/${hex}`);
    expect(objectKey.receipt(hex)).toBe(`receipts/${hex}.sigstore.json`);
    expect(objectKey.lostReceipt(hex, 'request')).toBe(`receipts/lost/${hex}/request.json`);
    expect(objectKey.lostEvent('principal/AROA', 'request')).toBe('events/lost/principal/AROA/request.json');
    expect(objectKey.publicKey(hex)).toBe(`keys/${hex}.pem`);
    expect(objectKey.event('principal/AROA', 12)).toBe('events/principal/AROA/000012.sigstore.json');
    expect([
      lookup.digest(hex),
      lookup.decisions(hex),
      lookup.run('r'),
      lookup.commit('c'),
      lookup.principalDay('p', '2026-02-21'),
    ]).toEqual([`digest#${hex}`, `decisions#${hex}`, 'run#r', 'commit#c', 'principal#p#2026-02-21']);
  });

  it('puts what has no stage after every stage', () => {
    const at = [stageOrder('ingest', NOW, 'a'), stageOrder('serving', NOW, 'a'), stageOrder(undefined, NOW, 'a')];
    expect(at.toSorted()).toEqual(at);
    expect(timeOrder(NOW, 'a')).toBe(`${NOW}#a`);
  });
});

const receipt: Receipt = {
  evidence: { sha256, size: 7, media_type: 'application/json', kind: 'attestation' },
  received_at: NOW,
  principal: { name: PIPELINE, account: '111122223333', unique_id: 'AROA', arn: 'arn', session: 'job' },
  verified_key: { keyid: digestOf('key'), revision: 1, algorithm: 'ed25519', role: 'producer' },
  statement: { identity: digestOf('statement'), predicate_type: 'x' },
  storage: { key: 'k', version_id: 'v', retain_until: NOW, lock_mode: 'COMPLIANCE' },
  environment: 'production',
  flags: ['late'],
  stage: 'prod',
};

describe('a receipt', () => {
  it.each<[name: string, changes: Partial<Receipt>]>([
    ['of an attestation', {}],
    ['of an artifact', { verified_key: null, statement: null, evidence: { ...receipt.evidence, kind: 'artifact' } }],
    ['for a caller without a session', { principal: { ...receipt.principal, session: undefined } }],
  ])('%s is read as it was written', (_, changes) => {
    const one = { ...receipt, ...changes };
    const statement = parseStatement(asObject(receiptPayload(one)));
    expect(statement.subject).toEqual([{ digest: { sha256 } }]);
    expect(parseReceipt(statement)).toEqual(one);
  });

  it('is not read out of another statement', () => {
    const statement = parseStatement(asObject(receiptPayload(receipt)));
    expect(() => parseReceipt({ ...statement, predicateType: 'x' })).toThrow(
      refusal('PREDICATE_INVALID', '/predicateType'),
    );
    expect(() => parseReceipt({ ...statement, predicate: { ...statement.predicate, note: '' } })).toThrow(
      refusal('PREDICATE_INVALID', '/predicate'),
    );
  });
});
