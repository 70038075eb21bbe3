import { describe, expect, it } from 'vitest';
import { html, lines } from '../../../../lib/core/pages/html.ts';

describe('a template of HTML', () => {
  it('escapes what is interpolated, for text and for attributes', () => {
    const value = `<b title='x' class="y">&amp;`;
    expect(html`<p title="${value}">${value}</p>`.toString()).toBe(
      '<p title="&lt;b title=&#39;x&#39; class=&quot;y&quot;&gt;&amp;amp;">&lt;b title=&#39;x&#39; class=&quot;y&quot;&gt;&amp;amp;</p>',
    );
  });

  it('writes templates inside templates, lists and numbers, and nothing for undefined', () => {
    const items = ['<', '>'].map((item) => html`<li>${item}</li>`);
    expect(html`<ul>${items}</ul>${undefined}${3}`.toString()).toBe('<ul><li>&lt;</li><li>&gt;</li></ul>3');
  });

  it('does not take an object that only looks like a template for one', () => {
    const forged = JSON.parse('{"toString":"<script>"}');
    expect(() => html`${forged}`.toString()).toThrow(TypeError);
  });

  it('makes control and bidirectional characters visible', () => {
    expect(html`${'a\u202Eb\u0000c\u2028d\uD800'}`.toString()).toBe('a\uFFFDb\uFFFDc\uFFFDd\uFFFD');
  });

  it.each([
    'javascript:alert(1)',
    ' javascript:alert(1)',
    'data:text/html,x',
    '//evil.example',
    '/\\evil.example',
    'x',
    '',
  ])('refuses a link to %j', (url) => {
    expect(() => html`<a href="${url}">x</a>`).toThrow(TypeError);
    expect(() => html`<form action="${url}">`).toThrow(TypeError);
  });

  it.each(['/approvals/x', 'https://example.com/?a=1&b=2', 'http://127.0.0.1:4566/', '#act'])(
    'takes a link to %s',
    (url) => {
      expect(html`<a href="${url}">x</a>`.toString()).toContain(`href="${url.replace('&', '&amp;')}"`);
    },
  );

  it('refuses a value where escaping does not help', () => {
    expect(() => html`<p class=${'x'}>`).toThrow(TypeError);
    expect(() => html`<p title="a" ${'onclick=x'}>`).toThrow(TypeError);
    expect(() => html`<${'script'}>`).toThrow(TypeError);
    expect(() => html`<p style="color:${'red'}">`).toThrow(TypeError);
    expect(() => html`<p onclick="${'x'}">`).toThrow(TypeError);
  });

  it('keeps the lines of a text apart', () => {
    expect(lines('a\r\n<b>\nc').toString()).toBe('a<br>&lt;b&gt;<br>c');
  });
});
