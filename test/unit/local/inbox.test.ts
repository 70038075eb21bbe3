import { describe, expect, it } from 'vitest';
import { inboxAnswer, isInboxPath } from '../../../local/mail/inbox.ts';
import type { Mail } from '../../../local/mail/mailbox.ts';

const HOSTILE = `"><script>alert(1)</script><img src=x onerror='alert(2)'>`;

const mail = (id: string, changes: Partial<Mail> = {}): Mail => ({
  id,
  sent_at: '2026-11-21T20:00:00.000Z',
  from: 'no-reply@example.com',
  to: ['ada@example.com'],
  subject: `Subject of ${id}`,
  text: 'Open https://example.com/a?b=1&c=2 now.',
  html: '<!doctype html><html><body><a href="https://example.com/a">Open</a></body></html>',
  headers: { From: 'no-reply@example.com' },
  ...changes,
});
const get = (mails: readonly Mail[], path: string) => {
  const { status, headers, body } = inboxAnswer(mails, 'GET', path);
  return { status, policy: String(headers['content-security-policy']), headers, body: String(body) };
};

describe('the inbox', () => {
  const mails = [mail('first'), mail('second@mail')];

  it('lists the newest mail first, each by a link that opens it', () => {
    const { body } = get(mails, '/inbox');
    const links = [...body.matchAll(/href="([^"]+)"/g)].map(([, href]) => href ?? '');
    expect(links).toEqual(['/inbox/second%40mail', '/inbox/first']);
    for (const link of links) expect(get(mails, link).status).toBe(200);
  });

  it('shows the headers of a mail, its text with links, and its HTML in a frame without rights', () => {
    const { body } = get(mails, '/inbox/second%40mail');
    expect(body).toContain('<dt>From</dt><dd>no-reply@example.com</dd>');
    expect(body).toContain('<a href="https://example.com/a?b=1&amp;c=2" target="_blank" rel="noreferrer noopener">');
    expect(body).toContain('sandbox="allow-popups allow-popups-to-escape-sandbox"');
    expect(body).toContain('src="/inbox/second%40mail/html"');
  });

  it('hands the HTML part out as it is, its links opening a window of their own', () => {
    const { body } = get(mails, '/inbox/first/html');
    expect(body).toBe(
      '<!doctype html><base target="_blank"><html><body><a href="https://example.com/a">Open</a></body></html>',
    );
    expect(get([mail('a', { html: '<p>Hi</p>' })], '/inbox/a/html').body).toBe('<base target="_blank"><p>Hi</p>');
  });

  it('runs nothing that a mail holds', () => {
    const hostile = mail('a', { subject: HOSTILE, text: HOSTILE, to: [HOSTILE], headers: { [HOSTILE]: HOSTILE } });
    for (const path of ['/inbox', '/inbox/a']) {
      const { body, policy } = get([hostile], path);
      expect(body).not.toContain('<script>');
      expect(body).not.toContain('<img');
      expect(policy).toMatch(/^default-src 'none'; style-src 'sha256-[^']+'; frame-src 'self';/);
    }
  });

  it('keeps the HTML part in its sandbox when it is opened by itself', () => {
    const { policy } = get([mail('a', { html: HOSTILE })], '/inbox/a/html');
    expect(policy).toMatch(/^sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none';/);
    expect(policy).not.toContain('script');
  });

  it('lets no page be cached or named as the referrer', () => {
    for (const path of ['/inbox', '/inbox/first', '/inbox/first/html', '/inbox/nothing']) {
      expect(get(mails, path).headers).toMatchObject({ 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' });
    }
  });

  it.each(['/inbox/third', '/inbox/first/text', '/inbox/first/html/more', '/inbox/%'])('has no page %s', (path) => {
    expect(get(mails, path).status).toBe(404);
  });

  it('can only be read', () => {
    expect(inboxAnswer(mails, 'POST', '/inbox').status).toBe(405);
  });

  it('says so when there is no mail', () => {
    expect(get([], '/inbox/').body).toContain('No mail yet.');
  });

  it.each([
    ['/inbox', true],
    ['/inbox/x', true],
    ['/inboxes', false],
    ['/local/inbox', false],
  ])('is what %s leads to: %s', (path, expected) => {
    expect(isInboxPath(path)).toBe(expected);
  });
});
