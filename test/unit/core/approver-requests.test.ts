import { describe, expect, it } from 'vitest';
import { AddApproverSchema, ChangeApproverSchema, EmailSchema } from '../../../lib/core/approver-requests.ts';

const accepts = (email: string) => EmailSchema.safeParse(email).success;

describe('an e-mail address', () => {
  it.each([
    'owner@example.org',
    'jo.doe+models@mail.example.co.uk',
    "o'brien@example.org",
    'jo@xn--mnchen-3ya.example',
    `${'a'.repeat(64)}@example.org`,
  ])('%s is one', (email) => expect(accepts(email)).toBe(true));

  it.each([
    ['no address', 'jo'],
    ['two addresses', 'owner@example.org,al@example.org'],
    ['a display name', 'Jo <owner@example.org>'],
    ['a header', 'owner@example.org\r\nBcc: all@example.org'],
    ['a line end', 'owner@example.org\n'],
    ['a quoted local part', '"jo"@example.org'],
    ['a comment', 'jo(at home)@example.org'],
    ['a domain that is not in Punycode', 'jo@münchen.example'],
    ['a local part beyond ASCII', 'jö@example.org'],
    ['a host without a domain', 'jo@localhost'],
    ['an address literal', 'jo@[127.0.0.1]'],
    ['a bare IP address', 'jo@127.0.0.1'],
    ['two dots', 'jo..doe@example.org'],
    ['a label that ends with a dash', 'owner@example-.org'],
    ['a local part of 65 characters', `${'a'.repeat(65)}@example.org`],
    ['255 characters', `jo@${'a.'.repeat(124)}org1`],
    ['a null', 'jo\0@example.org'],
  ])('%s is none', (_, email) => expect(accepts(email)).toBe(false));
});

describe('a person', () => {
  const valid = { id: 'p-1', name: 'A Model Owner', email: 'owner@example.org', roles: ['model-owner'] };

  it('has a mail for each question unless wished otherwise', () => {
    expect(AddApproverSchema.parse(valid).mail).toBe('each');
  });

  it.each([
    ['a name of two lines', { name: 'Jo\r\nDoe' }],
    ['a name that runs backwards', { name: 'Jo \u202eeoD' }],
    ['a blank name', { name: ' ' }],
    ['a role twice', { roles: ['model-owner', 'model-owner'] }],
    ['no role', { roles: [] }],
    ['an id that is a path', { id: '../p' }],
    ['a field that we do not know', { admin: true }],
  ])('with %s is refused', (_, changes) => {
    expect(AddApproverSchema.safeParse({ ...valid, ...changes }).success).toBe(false);
  });

  it('is not absent until before they left', () => {
    const absence = { from: '2026-12-20T00:00:00Z', until: '2026-12-20T00:00:00Z' };
    expect(ChangeApproverSchema.safeParse({ revision: 1, absence }).success).toBe(false);
  });
});
