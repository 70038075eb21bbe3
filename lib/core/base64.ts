/**
 * Decodes standard or url-safe base64, padded or not, as DSSE (protocol.md, "signature definition") demands of a reader.
 * Refuses mixed alphabets, white space, and unused bits that are not zero, which Buffer would let pass.
 *
 * @returns undefined when the text is not base64
 */
export function decodeBase64(text: string): Buffer | undefined {
  const body = unpadded(text);
  if (body.length !== text.length && text.length % 4 !== 0) return undefined;
  const alphabet = body.includes('-') || body.includes('_') ? 'base64url' : 'base64';
  const bytes = Buffer.from(body, alphabet);
  // Buffer skips what it does not know; encoding again shows all of that at once, and faster than a pattern would.
  return unpadded(bytes.toString(alphabet)) === body ? bytes : undefined;
}

function unpadded(text: string): string {
  if (text.endsWith('==')) return text.slice(0, -2);
  return text.endsWith('=') ? text.slice(0, -1) : text;
}
