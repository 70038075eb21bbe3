import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { OwnPredicate } from '../../../lib/contracts/predicates.ts';
import { approvalNonce, parseApproval, verifySignIn } from '../../../lib/core/approvals/approval.ts';
import { canonicalBytes } from '../../../lib/core/canonical.ts';
import { sha256Hex } from '../../../lib/core/digest.ts';
import { preAuthEncoding } from '../../../lib/core/dsse.ts';
import { isSampled } from '../../../lib/core/gate/sampling.ts';
import { parseStrictJson } from '../../../lib/core/json.ts';
import { parseManifest } from '../../../lib/core/manifest.ts';
import { statementIdentity } from '../../../lib/core/submission.ts';
import { asObject } from '../../support/keys.ts';

const text = readFileSync(join(import.meta.dirname, '../../../docs/formats.md'), 'utf8');

/** The fenced block after `<!-- example NAME -->`. */
function example(name: string): string {
  const block = new RegExp(`<!-- example ${name} -->\\n\`\`\`\\w+\\n([^]*?)\\n\`\`\``).exec(text)?.[1];
  if (block === undefined) throw new Error(`docs/formats.md has no example ${name}`);
  return block;
}

describe('docs/formats.md', () => {
  it('shows the pre-authentication encoding as it is made', () => {
    expect(preAuthEncoding('application/vnd.in-toto+json', Buffer.from('{}')).toString()).toBe(example('pae'));
  });

  it('shows a plain manifest that is accepted, and its canonical form', () => {
    const manifest = parseStrictJson(Buffer.from(example('plain-manifest')));
    expect(parseManifest(manifest).run_id).toBe('2026-02-21-hr123');
    expect(canonicalBytes(manifest).toString()).toBe(example('plain-manifest-canonical'));
  });

  it('shows a run that is in the sample at one rate and not at another', () => {
    const shown = Object(JSON.parse(example('sampled-run')));
    expect(sha256Hex(shown.run_id)).toBe(shown.sha256);
    expect(Number.parseInt(shown.sha256.slice(0, 8), 16) / 2 ** 32).toBe(shown.fraction);
    expect(isSampled(shown.run_id, shown.checked_at)).toBe(true);
    expect(isSampled(shown.run_id, shown.skipped_at)).toBe(false);
    expect(isSampled(shown.run_id, shown.fraction)).toBe(false);
  });

  it('shows an approval that somebody signed in for, which nothing can be changed of', () => {
    const [, model = '', nonce] = /Its subject is `(\w{64})`, and its nonce `([\w-]{43})`/.exec(text) ?? [];
    const statement = (predicate: object) => ({
      subject: [{ digest: { sha256: model } }],
      predicateType: OwnPredicate.approval,
      predicate: asObject(Buffer.from(JSON.stringify(predicate))),
    });
    const shown = asObject(Buffer.from(example('approval')));
    const { body } = parseApproval(statement(shown));
    expect(approvalNonce(model, body)).toBe(nonce);
    expect(verifySignIn(model, body)).toMatchObject({ sub: '7f3a9c', iss: 'https://login.example.com' });
    for (const change of [{ comment: 'recall is worse' }, { decision: 'rejected' }, { person: 'p-2' }, { round: 2 }]) {
      expect(() => parseApproval(statement({ ...shown, ...change }))).toThrow('made for another approval');
    }
  });

  it('shows the text whose digest is the statement identity', () => {
    const message = Buffer.from('message');
    const line = `${example('statement-identity')}\n`;
    const filled = line.replace('<sha256 of the signed bytes>', sha256Hex(message)).replace('<keyid>', 'k');
    expect(statementIdentity(message, 'k')).toBe(sha256Hex(filled));
  });
});
