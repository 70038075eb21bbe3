/** Texts that a pipeline, a commenter or a policy could have written to draw on somebody else's page. */
export const PAYLOADS: readonly string[] = [
  '<script>alert(1)</script>',
  '"><script>alert(1)</script>',
  "'><img src=x onerror=alert(1)>",
  '" onmouseover="alert(1)" x="',
  "' autofocus onfocus='alert(1)",
  '</textarea><script>alert(1)</script>',
  '</title><script>alert(1)</script>',
  '</style><style>*{display:none}</style>',
  '</svg><svg onload=alert(1)>',
  '<svg/onload=alert(1)>',
  '<!--<img src="--><img src=x onerror=alert(1)//">',
  '<a href="javascript:alert(1)">here</a>',
  '<meta http-equiv="refresh" content="0;url=https://evil.example">',
  '<form action="https://evil.example"><button>Approve</button></form>',
  '<base href="https://evil.example/">',
  '&lt;script&gt;alert(1)&lt;/script&gt;',
  '&#x3c;script&#x3e;',
  '{{constructor.constructor("alert(1)")()}} {{title}} <%= 1 %>',
  'url(https://evil.example/x.png)',
  'https://evil.example/track.gif',
  '\u202Egnp.exe\u202C approved \u2066\u2069',
  '\u0000\u0007\u001B[2K\u001B]8;;https://evil.example\u0007',
  '\uD800 half a character',
];

/** Words that the models fix, what the caller makes, and times, which place things. */
const OURS =
  /^(state|kind|method|verdict|decision|environment|severity|choice|problem|outcome|because|better|stage|code|action|back|url|link|at|until|.*[Aa]t|not_(before|after)|effective_on)$/;

/** The same values, in which each text that somebody else could have written is another, digests too. */
export function withTexts<T>(value: T, text: string): T {
  return replaced(value, () => text, '') as T;
}

const DIGEST = /^(sha256:)?[0-9a-f]{64}$/;

/** As {@link withTexts}, but for digests, whose length is checked where they come in. */
export function withTextsNotDigests<T>(value: T, text: string): T {
  return replaced(value, (was) => (DIGEST.test(was) ? was : text), '') as T;
}

function replaced(value: unknown, text: (was: string) => string, key: string): unknown {
  if (typeof value === 'string') return OURS.test(key) ? value : text(value);
  if (Array.isArray(value)) return value.map((item) => replaced(item, text, ''));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, replaced(inner, text, name)]));
}

/** Elements and attributes of a document, without what they say: hostile text must leave them as they are. */
export function skeleton(html: string): readonly string[] {
  return (html.match(/<[^>]*>/g) ?? []).map((tag) => tag.replaceAll(/"[^"]*"/g, '""'));
}
