import { der, halvesOf, integer, minimal, P256_ORDER, sequence, toBytes } from './ecdsa.ts';

const zero = Buffer.alloc(1);

/**
 * One valid P-256 signature written in every way that is not its DER. A reader that takes any of them makes one signature
 * into many.
 */
export function derVariants(signature: Uint8Array): readonly (readonly [name: string, bytes: Buffer])[] {
  const valid = Buffer.from(signature);
  const halves = halvesOf(signature);
  const r = minimal(halves.r);
  const s = minimal(halves.s);
  const content = valid.subarray(2);
  const pair = (first: Buffer, second: Buffer): Buffer => sequence(Buffer.concat([first, second]));
  return [
    ['nothing', Buffer.alloc(0)],
    ['one byte', Buffer.from([0x30])],
    ['an empty SEQUENCE', Buffer.from([0x30, 0x00])],
    ['r and s as 64 raw bytes (IEEE P1363)', Buffer.concat([toBytes(halves.r), toBytes(halves.s)])],
    ['the SEQUENCE length in long form', Buffer.concat([Buffer.from([0x30, 0x81, content.length]), content])],
    ['the SEQUENCE length in two bytes', Buffer.concat([Buffer.from([0x30, 0x82, 0x00, content.length]), content])],
    ['an indefinite length', Buffer.concat([Buffer.from([0x30, 0x80]), content, Buffer.alloc(2)])],
    ['an INTEGER length in long form', pair(Buffer.concat([Buffer.from([0x02, 0x81, r.length]), r]), integer(s))],
    ['r with a zero before it', pair(integer(Buffer.concat([zero, r])), integer(s))],
    ['s with a zero before it', pair(integer(r), integer(Buffer.concat([zero, s])))],
    ['r negative', pair(integer(Buffer.concat([Buffer.from([0xff]), toBytes(halves.r)])), integer(s))],
    ['s negative', pair(integer(r), integer(Buffer.from([0x80])))],
    ['r without bytes', pair(integer(Buffer.alloc(0)), integer(s))],
    ['s without bytes', pair(integer(r), integer(Buffer.alloc(0)))],
    ['r zero', pair(integer(zero), integer(s))],
    ['s zero', pair(integer(r), integer(zero))],
    ['r wider than the field', der({ r: halves.r + (1n << 256n), s: halves.s })],
    ['s wider than the field', der({ r: halves.r, s: halves.s + (P256_ORDER << 8n) })],
    ['a byte after it', Buffer.concat([valid, zero])],
    ['a byte after it, counted', sequence(Buffer.concat([content, zero]))],
    ['a third INTEGER', sequence(Buffer.concat([content, integer(Buffer.from([1]))]))],
    ['r alone', sequence(integer(r))],
    ['a byte too few', valid.subarray(0, -1)],
    ['a length that says too much', Buffer.concat([Buffer.from([0x30, content.length + 1]), content])],
    ['an INTEGER that reaches past the end', pair(integer(r), Buffer.concat([Buffer.from([0x02, s.length + 1]), s]))],
    ['a SET', Buffer.concat([Buffer.from([0x31]), valid.subarray(1)])],
    ['an OCTET STRING for r', pair(Buffer.concat([Buffer.from([0x04, r.length]), r]), integer(s))],
    ['itself within another SEQUENCE', sequence(valid)],
    ['its base64', Buffer.from(valid.toString('base64'))],
  ];
}
