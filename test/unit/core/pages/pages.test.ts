import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { renderApprovalPage } from '../../../../lib/core/pages/approval/page.ts';
import { MAX_PAGE } from '../../../../lib/core/pages/limits.ts';
import { type ApprovalFacts, FIELD, type RenderedPage } from '../../../../lib/core/pages/model.ts';
import { renderTimelinePage } from '../../../../lib/core/pages/timeline/page.ts';
import { PAYLOADS, skeleton, withTexts, withTextsNotDigests } from '../../../support/hostile.ts';
import { APPROVAL_PAGES, CODE_PROOF, DECIDED, FACTS, HOME, SUMMARY, TIMELINE_PAGES } from '../../../support/pages.ts';

type Render = (change: <T>(value: T) => T) => RenderedPage;

const PAGES: readonly (readonly [string, Render])[] = [
  ...Object.entries(APPROVAL_PAGES).map(([name, page]): [string, Render] => [
    name,
    (change) => renderApprovalPage(change(page)),
  ]),
  ...Object.entries(TIMELINE_PAGES).map(([name, page]): [string, Render] => [
    name,
    (change) => renderTimelinePage(change(page)),
  ]),
];
const asItIs = <T>(value: T): T => value;
const bytes = ({ html }: RenderedPage): number => Buffer.byteLength(html);

describe.each(PAGES)('the page %s', (_name, render) => {
  it('has the same elements and attributes whatever its texts say', () => {
    const plain = skeleton(render((value) => withTexts(value, 'x')).html);
    for (const payload of PAYLOADS) {
      const { html } = render((value) => withTexts(value, payload));
      expect(skeleton(html)).toEqual(plain);
      expect(html.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}]/u);
    }
  });

  it('fits its size, and has one style sheet, no script, no handler and nothing to fetch', () => {
    const { html } = render(asItIs);
    expect(html.length).toBeGreaterThan(500);
    expect(bytes(render(asItIs))).toBeLessThan(MAX_PAGE);
    expect(html.match(/<style>/g)).toHaveLength(1);
    expect(html).not.toMatch(/<script|<img|<iframe|<link|<object|\sstyle=|\son\w+=|\ssrc=|javascript:/i);
  });

  it('sends each form by POST with its hidden fields', () => {
    const { html } = render(asItIs);
    const forms = html.match(/<form[\s\S]*?<\/form>/g) ?? [];
    for (const form of forms) {
      expect(form).toMatch(/^<form method="post" action="\/(approve\/SECRET\/[a-z]+|signed-in)">/);
      expect(form).toMatch(/<input type="hidden" name="(token|state)" value="[\w-]{43}">/);
    }
  });
});

describe('the headers of a page', () => {
  it('let in its own style sheet by its hash and nothing else', () => {
    const { html, headers } = renderApprovalPage({ state: 'unknown' });
    const sheet = /<style>([\s\S]*)<\/style>/.exec(html)?.[1] ?? '';
    const hash = createHash('sha256').update(sheet).digest('base64');
    expect(headers['Content-Security-Policy']).toBe(
      `default-src 'none'; style-src 'sha256-${hash}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'`,
    );
    expect(headers).toMatchObject({
      'Cache-Control': 'no-store',
      'Referrer-Policy': 'no-referrer',
      'X-Frame-Options': 'DENY',
    });
  });

  it('lead to the identity provider by a link alone: no form may', () => {
    const page = APPROVAL_PAGES['sign-in'];
    const { html, headers } = renderApprovalPage(page ?? { state: 'unknown' });
    expect(html).toContain('href="https://login.example.com/authorize?client_id=countersign&amp;nonce=n"');
    expect(headers['Content-Security-Policy']).toContain("form-action 'self';");
  });
});

describe('an approval page', () => {
  const shown = (facts: Partial<ApprovalFacts>): string =>
    renderApprovalPage({ state: 'asked', facts: { ...FACTS, ...facts }, code: CODE_PROOF.form }).html;

  it('shows the model and the image in full before it asks for anything', () => {
    expect(shown({})).toContain(SUMMARY.model.sha256);
    expect(shown({})).toContain(SUMMARY.image);
  });

  it('offers no way to decide before the code', () => {
    expect(shown({})).not.toContain(`name="${FIELD.decision}"`);
  });

  it('repeats digests, decision, role and comment before it takes a decision', () => {
    const page = APPROVAL_PAGES['confirm-approve'];
    const html = page ? renderApprovalPage(page).html : '';
    for (const text of [
      SUMMARY.model.sha256,
      SUMMARY.image,
      FACTS.gate.decision,
      'model-owner',
      'The loss of accuracy is one row.',
    ]) {
      expect(html).toContain(text);
    }
  });

  it('answers alike for every link that is not known', () => {
    expect(renderApprovalPage({ state: 'unknown' })).toEqual(renderApprovalPage({ state: 'unknown' }));
  });

  it('shows of what is over how it ended, and nothing of what was asked', () => {
    for (const name of ['ended', 'decided-ended']) {
      const { html } = renderApprovalPage(APPROVAL_PAGES[name] ?? { state: 'unknown' });
      expect(html).toContain('The release was rolled back');
      for (const text of [SUMMARY.model.sha256, SUMMARY.model.name ?? '', SUMMARY.endpoint, SUMMARY.requester])
        expect(html).not.toContain(text);
    }
  });

  it('tells a weaker proof as the weaker one', () => {
    expect(shown({ decided: [{ ...DECIDED, method: 'code' }] })).toContain('the weaker way');
    expect(shown({ decided: [{ ...DECIDED, method: 'oidc' }], earlier: [] })).not.toContain('the weaker way');
  });

  it.each([
    ['0.9', '0.8', 'higher', 'better, +0.100'],
    ['0.8', '0.9', 'higher', 'worse, −0.100'],
    ['4', '5', 'lower', 'better, −1.00'],
    ['5', '4', 'lower', 'worse, +1.00'],
    ['5', '4', null, '+1.00'],
    ['0.90', '0.9', 'higher', 'the same'],
    ['high', 'low', 'higher', 'differs'],
  ] as const)('tells a value of %s after %s, where %s is better, as %s', (value, running, better, words) => {
    const html = shown({
      running: FACTS.running,
      card: { ...FACTS.card, metrics: [{ name: 'm', value, running, better }] },
    });
    const row = /<tr role="row"><th role="rowheader" scope="row">m<\/th>.*<\/tr>/.exec(html)?.[0];
    expect(row).toContain(words);
  });

  it('says that a lineage goes in a circle', () => {
    const [first, second] = FACTS.lineage.nodes;
    const edges = [
      ...FACTS.lineage.edges,
      { from: second?.sha256 ?? '', to: first?.sha256 ?? '' },
      { from: first?.sha256 ?? '', to: second?.sha256 ?? '' },
    ];
    expect(shown({ lineage: { ...FACTS.lineage, edges } })).toContain('made from itself');
    expect(shown({})).not.toContain('made from itself');
  });
});

describe('a page of the largest and worst facts', () => {
  const many = <T>(items: readonly T[], times: number): T[] => Array.from({ length: times }, () => items).flat();
  const nodes = Array.from(
    { length: 1000 },
    (_, index) => ({ name: 'n', kind: 'dataset', stage: null, sha256: `${index}` }) as const,
  );
  const edges = Array.from({ length: 10_000 }, (_, index) => ({
    from: `${(index * 7) % 1000}`,
    to: `${(index * 13) % 1000}`,
  }));

  it.each(['"'.repeat(5000), '\u202E'.repeat(5000), '漢'.repeat(5000)])(
    'still fits, whatever fills its texts (%#)',
    (text) => {
      const big = withTextsNotDigests(FACTS, text);
      const facts: ApprovalFacts = {
        ...big,
        changed: many([text], 100),
        gate: {
          ...big.gate,
          verdicts: many(
            big.gate.verdicts.map((verdict) => ({ ...verdict, verdict: 'fail', reasons: many(verdict.reasons, 50) })),
            20,
          ),
          warnings: many(big.gate.warnings, 200),
        },
        card: {
          sha256: big.card.sha256,
          metrics: many(big.card.metrics, 100),
          sections: many(
            big.card.sections.map((section) => ({ ...section, texts: many(section.texts, 50) })),
            1,
          ),
        },
        datasets: many(big.datasets, 100),
        lineage: { nodes, edges, complete: false },
        decided: many(big.decided, 100),
        earlier: many(big.earlier, 100),
        evidence: many(big.evidence, 300),
      };
      const page = { facts, form: CODE_PROOF.form, back: HOME, comment: text };
      for (const rendered of [
        renderApprovalPage({ state: 'asked', ...page, code: CODE_PROOF.form }),
        renderApprovalPage({
          state: 'decide',
          ...page,
          provider: undefined,
          decide: page.form,
          problem: 'comment_too_long',
        }),
        renderApprovalPage({
          state: 'confirm',
          ...page,
          method: 'code',
          confirm: page.form,
          choice: 'approve',
          comment: text.slice(0, 2000),
        }),
        renderApprovalPage({
          state: 'decided',
          about: facts.summary,
          decision: big.decided[0] ?? DECIDED,
          withdraw: CODE_PROOF,
        }),
        renderApprovalPage({ state: 'changed', changed: facts.changed }),
      ]) {
        expect(bytes(rendered)).toBeLessThanOrEqual(MAX_PAGE);
      }
    },
  );

  it('says how much of a lineage is not drawn', () => {
    const html = renderApprovalPage({
      state: 'asked',
      facts: { ...FACTS, lineage: { nodes, edges, complete: true } },
      code: CODE_PROOF.form,
    }).html;
    expect(html).toMatch(/The nearest \d+ of 1000 things are drawn/);
  });

  it('fits a long history too', () => {
    const [page] = Object.values(TIMELINE_PAGES);
    const releases = many(withTextsNotDigests(page?.releases ?? [], '"'.repeat(5000)), 100);
    expect(page && bytes(renderTimelinePage({ ...page, releases }))).toBeLessThanOrEqual(MAX_PAGE);
  });
});
