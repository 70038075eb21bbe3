/** Order of P-256 (SP 800-186, section 3.2.1.3). */
const N = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

export interface Mutation {
  readonly name: string;
  readonly bytes: Buffer;
}

/** The form of IEEE P1363, which cosign reads beside DER. */
export const RAW = 'raw r and s';

/** A P-256 signature written and miswritten in the ways that parsers have disagreed about. The first two are valid. @param signature - of 72 bytes: r and s with sign bytes */
export function rewritten(signature: Buffer): Mutation[] {
  const { r, s } = decode(signature);
  const R = integer(r);
  const S = integer(s);
  const body = Buffer.concat([R, S]);
  const forms: Readonly<Record<string, Buffer>> = {
    'as it was signed': signature,
    'the other S': sequence(R, integer(N - s)),
    'r and s exchanged': sequence(S, R),
    'r is 0': sequence(integer(0n), S),
    's is 0': sequence(R, integer(0n)),
    'r and s are 0': sequence(integer(0n), integer(0n)),
    'r and s are 1': sequence(integer(1n), integer(1n)),
    'r is n': sequence(integer(N), S),
    's is n': sequence(R, integer(N)),
    'r and n added': sequence(integer(r + N), S),
    's and n added': sequence(R, integer(s + N)),
    'r negative': sequence(integer(r, 'negated'), S),
    's negative': sequence(R, integer(s, 'negated')),
    'r without its sign byte': sequence(tlv(0x02, unsigned(r)), S),
    's without its sign byte': sequence(R, tlv(0x02, unsigned(s))),
    'r with a zero before it': sequence(tlv(0x02, Buffer.concat([Buffer.of(0), R.subarray(2)])), S),
    's with a zero before it': sequence(R, tlv(0x02, Buffer.concat([Buffer.of(0), S.subarray(2)]))),
    'r of no bytes': sequence(tlv(0x02, Buffer.alloc(0)), S),
    's of no bytes': sequence(R, tlv(0x02, Buffer.alloc(0))),
    'only r': sequence(R),
    'a third integer': sequence(R, S, integer(1n)),
    'a byte after the sequence': Buffer.concat([signature, Buffer.of(0)]),
    'a byte at the end of the sequence': tlv(0x30, Buffer.concat([body, Buffer.of(0)])),
    'a long form of the length': Buffer.concat([Buffer.of(0x30, 0x81, body.length), body]),
    'a longer form of the length': Buffer.concat([Buffer.of(0x30, 0x82, 0, body.length), body]),
    'an indefinite length': Buffer.concat([Buffer.of(0x30, 0x80), body, Buffer.of(0, 0)]),
    'a long form of the length of r': sequence(Buffer.concat([Buffer.of(0x02, 0x81), R.subarray(1)]), S),
    'a set for a sequence': tlv(0x31, body),
    'an octet string for r': sequence(tlv(0x04, R.subarray(2)), S),
    [RAW]: Buffer.concat([padded(r), padded(s)]),
    'no bytes': Buffer.alloc(0),
  };
  return Object.entries(forms).map(([name, bytes]) => ({ name, bytes }));
}

/** The signature with each of its bits flipped, each of its bytes left out, and a zero put in before each. */
export function damaged(signature: Buffer): Mutation[] {
  const bits = Array.from({ length: signature.length * 8 }, (_, bit) => {
    const bytes = Buffer.from(signature);
    bytes.writeUInt8(bytes.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
    return { name: `bit ${bit} flipped`, bytes };
  });
  const splice = (at: number, left: number, ...put: number[]): Buffer =>
    Buffer.concat([signature.subarray(0, at), Buffer.of(...put), signature.subarray(at + left)]);
  const bytes = [...signature.keys()].flatMap((at) => [
    { name: `byte ${at} left out`, bytes: splice(at, 1) },
    { name: `a zero before byte ${at}`, bytes: splice(at, 0, 0) },
  ]);
  return [...bits, ...bytes];
}

/** Of minimal DER, as a signer writes it. */
function decode(signature: Buffer): { readonly r: bigint; readonly s: bigint } {
  const rEnd = 4 + signature.readUInt8(3);
  const value = (bytes: Buffer): bigint => BigInt(`0x${bytes.toString('hex')}`);
  return { r: value(signature.subarray(4, rEnd)), s: value(signature.subarray(rEnd + 2)) };
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return tlv(0x30, Buffer.concat(parts));
}

/** Minimal INTEGER; `negated` writes the two's complement. */
function integer(value: bigint, sign: 'as it is' | 'negated' = 'as it is'): Buffer {
  if (sign === 'negated') return tlv(0x02, unsigned((1n << 264n) - value));
  const bytes = unsigned(value);
  return tlv(0x02, bytes.readUInt8(0) > 0x7f ? Buffer.concat([Buffer.of(0), bytes]) : bytes);
}

function unsigned(value: bigint): Buffer {
  const hex = value.toString(16);
  return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex');
}

function padded(value: bigint): Buffer {
  return Buffer.from(value.toString(16).padStart(64, '0'), 'hex');
}

function tlv(tag: number, content: Buffer): Buffer {
  return Buffer.concat([Buffer.of(tag, content.length), content]);
}
