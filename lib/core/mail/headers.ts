import { shortened } from '../printable.ts';

/** What ends a header, or is not seen in it. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]+/gu;

const MAX_SUBJECT = 150;
const MAX_NAME = 80;

/** A subject of one line; whoever chose its words cannot add a header. */
export function subjectLine(text: string): string {
  return oneLine(text, MAX_SUBJECT);
}

/** RFC 5322 atom and text of a quoted string; everything else is encoded. */
const QUOTABLE = /^[\x20-\x7e]*$/;

/**
 * A recipient as a header takes it, such as `"Jo Lindqvist" <jo@example.com>`.
 *
 * @param address - as the directory has checked it
 * @throws TypeError for an address that is not one: a fault of ours
 */
export function mailbox(name: string, address: string): string {
  if (!/^[^\s<>",;:\\()[\]@]+@[^\s<>",;:\\()[\]@]+$/u.test(address) || oneLine(address, address.length) !== address) {
    throw new TypeError('this is no mail address');
  }
  const plain = oneLine(name, MAX_NAME);
  if (plain === '') return address;
  return `${QUOTABLE.test(plain) ? `"${plain.replaceAll(/["\\]/g, '\\$&')}"` : encodedWords(plain)} <${address}>`;
}

function oneLine(text: string, most: number): string {
  return shortened(text.replaceAll(UNPRINTABLE, ' ').replaceAll(/ {2,}/g, ' ').trim(), most);
}

/** RFC 2047: a word is at most 75 characters long, which 45 bytes in Base64 stay within. */
const BYTES_PER_WORD = 45;

function encodedWords(text: string): string {
  const words: string[] = [];
  let word = '';
  for (const character of text.toWellFormed()) {
    if (Buffer.byteLength(word + character) > BYTES_PER_WORD) {
      words.push(word);
      word = '';
    }
    word += character;
  }
  return [...words, word].map((each) => `=?UTF-8?B?${Buffer.from(each).toString('base64')}?=`).join(' ');
}
