import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { subjectLine } from '../../../../lib/core/mail/headers.ts';
import { renderMail } from '../../../../lib/core/mail/render.ts';
import { compileMail, generatedFile, MAIL_TEMPLATES } from '../../../generated/mails.ts';
import { PAYLOADS, skeleton, withTexts } from '../../../support/hostile.ts';
import { MAILS } from '../../../support/mails.ts';

/** Addresses that a mail client or a scanner would follow. */
const urls = (text: string): string[] => text.match(/https?:\/\/[^\s"<>]+|www\.[^\s"<>]+/g) ?? [];
/** What a mail client makes a link of beside: a host, a scheme, an address of mail. */
const linkable = (text: string): string[] => text.match(/\S*(?:[.\u3002\uff0e\uff61]\p{L}|\p{L}{2}:\S|@)\S*/gu) ?? [];
/** Without the links that are the mail's own. */
const withoutLinks = (text: string, links: readonly string[]): string =>
  links.reduce((left, link) => left.replaceAll(link, ''), text);
const shownIn = (html: string): string => html.replace(/[\s\S]*<body/, '<body').replaceAll(/<[^>]*>/g, ' ');
/** Namespaces are names, and nothing follows them. */
const withoutNamespaces = (html: string): string => html.replaceAll(/\sxmlns(:\w+)?="[^"]*"/g, '');

const LINKABLE = [
  'www.evil.example',
  'http://evil.example a@evil.example',
  'confirm at countersign-approvals.com/approve/x',
  'evil。example evil．example evil｡example',
  'mailto:evil tel:+15550100 https:evil.example/x',
];

const linksOf = (content: (typeof MAILS)[string]): string[] => {
  if (content.kind === 'digest') return content.questions.map(({ link }) => link);
  return 'link' in content && content.link !== null ? [content.link] : [];
};

describe.each(Object.entries(MAILS))('the mail %s', (_name, content) => {
  it('has its own links and no other, in text and in HTML', () => {
    const { text, html } = renderMail(content);
    expect(urls(text)).toEqual(linksOf(content));
    expect(urls(withoutNamespaces(html))).toEqual(linksOf(content));
  });

  it('fetches nothing, runs nothing and tells nobody that it was read', () => {
    const { html } = renderMail(content);
    expect(html).not.toMatch(/<script|<img|<link|<iframe|@import|url\(|\sbackground="|\son\w+=/i);
    expect(html).toContain('<meta name="color-scheme" content="light dark">');
    expect(html).not.toContain('{{');
  });

  it('has the same elements, the same links and a subject of one line whatever its texts say', () => {
    const plain = renderMail(withTexts(content, 'x'));
    for (const payload of [...PAYLOADS, ...LINKABLE]) {
      const mail = renderMail(withTexts(content, payload));
      expect(skeleton(mail.html)).toEqual(skeleton(plain.html));
      expect(urls(mail.text)).toEqual(linksOf(content));
      expect(urls(withoutNamespaces(mail.html))).toEqual(linksOf(content));
      for (const shown of [mail.subject, withoutLinks(mail.text, linksOf(content)), shownIn(mail.html)]) {
        expect(linkable(shown)).toEqual([]);
      }
      expect(mail.subject).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
      expect(mail.text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}]/u);
    }
  });

  it('says in text what it says in HTML', () => {
    const { text, html } = renderMail(content);
    const words = (from: string): Set<string> => new Set(from.match(/[\p{L}\d]{4,}/gu));
    const shown = shownIn(html).replaceAll(/&#39;|&quot;|&amp;/g, ' ');
    expect([...words(shown)].filter((word) => !words(text).has(word) && word !== 'Countersign')).toEqual([]);
  });
});

describe('a mail to somebody who is asked', () => {
  it('names model, environment, role, gate, end and what changes', () => {
    const content = MAILS['mail-asked'];
    const { subject, text } = content ? renderMail(content) : { subject: '', text: '' };
    expect(subject).toBe('Approve? breast-cancer-classifier to tumour-scoring-eu');
    expect(text).toContain('Gate         open: 15 passed, 1 waived and 3 not applicable');
    expect(text).toContain('Decide by    24 Nov 2026, 09:14 UTC');
    expect(text).toContain('> Retrained on the corrected October batch.\n> Recall');
    expect(text).toContain('* Recall rises from 0.942 to 0.971');
  });

  it('keeps the code and the link in different mails', () => {
    const content = MAILS['mail-code'];
    const { subject, text, html } = content ? renderMail(content) : { subject: '', text: '', html: '' };
    expect(text).toContain('40718236');
    expect(subject).not.toContain('40718236');
    expect([...urls(text), ...urls(withoutNamespaces(html))]).toEqual([]);
  });
});

describe('a subject', () => {
  it.each(['a\r\nBcc: everybody@example.com', 'a\nBcc: x', 'a\u2028Bcc: x', 'a\u0000\u0007Bcc: x', 'a\u202EBcc: x'])(
    'of %j stays one line',
    (text) => {
      expect(subjectLine(text)).toMatch(/^a Bcc: [\w@.]+$/);
    },
  );

  it('is cut where no mail program shows more', () => {
    expect(subjectLine('x'.repeat(400))).toHaveLength(150);
  });
});

describe('the compiled templates', () => {
  it.each(MAIL_TEMPLATES)('are what the template compiles to: %s', async (mail) => {
    const same = (await compileMail(mail)) === readFileSync(generatedFile(mail), 'utf8');
    expect(same, 'run: node test/generated/mails.ts').toBe(true);
  });
});
