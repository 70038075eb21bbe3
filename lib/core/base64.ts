/**
 * Decodes standard or url-safe base64, padded or not, as DSSE (protocol.md, "signature definition") demands of a reader.
 * Refuses mixed alphabets, white space, and unused bits that are not zero, which Buffer would let pass.
 *
 * @returns undefined when the text is not base64
 */
export function decodeBase64(text: string): Buffer | undefined {
  const standard = /^[A-Za-z0-9+/]*={0,2}$/.test(text);
  if (!standard && !/^[A-Za-z0-9_-]*={0,2}$/.test(text)) return undefined;
  const body = text.replace(/=+$/, '');
  if (body.length !== text.length && text.length % 4 !== 0) return undefined;
  const bytes = Buffer.from(body, standard ? 'base64' : 'base64url');
  const again = bytes.toString(standard ? 'base64' : 'base64url').replace(/=+$/, '');
  return again === body ? bytes : undefined;
}
