import { describe, expect, it } from 'vitest';
import { decodeBase64 } from '../../../lib/core/base64.ts';

describe('decodeBase64', () => {
  it.each([
    ['the test vectors of RFC 4648, section 10', 'Zm9vYmFy', 'foobar'],
    ['padding', 'Zm9vYg==', 'foob'],
    ['no padding', 'Zm9vYg', 'foob'],
    ['nothing', '', ''],
    ['the standard alphabet', '+/+/', '\u{fb}\u{ff}\u{bf}'],
    ['the url-safe alphabet', '-_-_', '\u{fb}\u{ff}\u{bf}'],
  ])('reads %s', (_, text, bytes) => {
    expect(decodeBase64(text)).toEqual(Buffer.from(bytes, 'latin1'));
  });

  it.each([
    ['both alphabets in one text', '+/-_'],
    ['white space', 'Zm9v YmFy'],
    ['a line break at the end', 'Zm9vYmFy\n'],
    ['a length that no bytes have', 'Zm9vY'],
    ['padding that is too short', 'Zm9vYg='],
    ['padding where none belongs', 'Zm9v='],
    ['padding alone', '=='],
    ['padding in the middle', 'Zg==Zg=='],
    ['three signs of padding', 'Zg==='],
    ['unused bits that are not zero', 'Zm9vYh=='],
    ['unused bits that are not zero, unpadded', 'Zm9vYmF_'.slice(0, 7)],
    ['another character', 'Zm9v*'],
    ['a character beyond ASCII', 'Zm9vé'],
  ])('refuses %s', (_, text) => {
    expect(decodeBase64(text)).toBeUndefined();
  });
});
