import { describe, expect, it } from 'vitest';
import { verify } from '../../../../cli/verify/verify.ts';
import {
  type ApprovalBody,
  approvalNonce,
  approvalPayload,
  type GivenDraft,
} from '../../../../lib/core/approvals/approval.ts';
import { sha256Hex } from '../../../../lib/core/digest.ts';
import { parsePublicKey } from '../../../../lib/core/keys.ts';
import { newKey, signedPayload } from '../../../support/keys.ts';
import { CLIENT_ID, ISSUER, providerPair } from '../../../support/provider.ts';

const MODEL = sha256Hex('model');
const DRAFT: GivenDraft = {
  promotion: sha256Hex('promotion'),
  round: 1,
  role: 'model-owner',
  environment: 'production',
  person: 'p-1',
  decision: 'approved',
  endpoint: 'recommendations',
  image_digest: `sha256:${sha256Hex('image')}`,
  gate: { decision: sha256Hex('decision'), input: sha256Hex('input') },
  deputy_for: [],
  comment: '',
  decided_at: '2026-02-21T12:34:56.000Z',
};
const AT = Date.parse(DRAFT.decided_at) / 1000;
const evidenceKey = newKey();
const provider = providerPair();

function signedIn(claims: object = {}, draft: GivenDraft = DRAFT): ApprovalBody {
  const nonce = approvalNonce(MODEL, DRAFT);
  const id_token = provider.token({ iss: ISSUER, sub: 'u-1', aud: CLIENT_ID, iat: AT, nonce, ...claims });
  const { key } = provider;
  return {
    ...draft,
    method: { kind: 'oidc', strength: 'stronger', issuer: ISSUER, client_id: CLIENT_ID, id_token, key },
  };
}

async function checked(body: ApprovalBody) {
  const bytes = signedPayload(approvalPayload(MODEL, body), evidenceKey);
  const { verdict, checks } = await verify(bytes, { evidenceKeys: [parsePublicKey(evidenceKey.pem)] });
  return [verdict, checks.find(({ name }) => name === 'person')?.detail];
}

describe('an approval that is verified offline', () => {
  it('names who signed in, where its provider says so of this very approval', async () => {
    expect(await checked(signedIn())).toEqual([
      'verified',
      'p-1 signed in at https://login.example.com as u-1, for exactly this',
    ]);
  });

  it('by a code is told as the weaker', async () => {
    const [verdict, said] = await checked({ ...DRAFT, method: { kind: 'code', strength: 'weaker' } });
    expect(verdict).toBe('verified');
    expect(said).toContain('the weaker way');
  });

  it.each([
    ['whose comment is another', signedIn({}, { ...DRAFT, comment: 'never said' })],
    ['that somebody else is said to have given', signedIn({}, { ...DRAFT, person: 'p-2' })],
    ['whose token is for another', signedIn({ nonce: 'n'.repeat(43) })],
    ['that is said to be older than its token', signedIn({ iat: AT + 18 * 60 })],
    ['that is said to be younger than its token', signedIn({ iat: AT - 3 * 60 })],
  ])('%s fails, though the control plane signed it', async (_, body) => {
    expect((await checked(body))[0]).toBe('failed');
  });
});
