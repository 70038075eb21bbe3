import { describe, expect, it } from 'vitest';
import { IN_TOTO_PAYLOAD_TYPE, parseEnvelope, preAuthEncoding } from '../../../lib/core/dsse.ts';
import { refusal } from '../../support/refusals.ts';

describe('preAuthEncoding', () => {
  it.each([
    [
      'the example of the specification',
      'http://example.com/HelloWorld',
      'hello world',
      'DSSEv1 29 http://example.com/HelloWorld 11 hello world',
    ],
    ['an empty payload', 'a', '', 'DSSEv1 1 a 0 '],
    ['lengths in bytes, not in characters', 'é', '😀', 'DSSEv1 2 é 4 😀'],
  ])('encodes %s', (_, type, payload, encoded) => {
    expect(preAuthEncoding(type, Buffer.from(payload)).toString('utf8')).toBe(encoded);
  });

  it('passes bytes on that are no text', () => {
    const payload = Buffer.from([0x00, 0xff, 0xfe]);
    expect(preAuthEncoding('t', payload)).toEqual(Buffer.concat([Buffer.from('DSSEv1 1 t 3 '), payload]));
  });
});

const signature = { sig: 'AQID', keyid: 'k' };
const envelope = { payload: 'e30=', payloadType: IN_TOTO_PAYLOAD_TYPE, signatures: [signature] };

describe('parseEnvelope', () => {
  it('gives what was signed and by which signature', () => {
    expect(parseEnvelope(envelope)).toEqual({
      payloadType: IN_TOTO_PAYLOAD_TYPE,
      payload: Buffer.from('{}'),
      signature: Buffer.from([1, 2, 3]),
      keyHint: 'k',
    });
    expect(parseEnvelope({ ...envelope, signatures: [{ sig: 'AQID' }] }).keyHint).toBeUndefined();
  });

  it.each<[name: string, value: unknown, pointer: string]>([
    ['no object', 'envelope', ''],
    ['null', null, ''],
    ['no payload', { ...envelope, payload: undefined }, '/payload'],
    ['a payload that is no base64', { ...envelope, payload: '{}' }, '/payload'],
    ['a payload that is no text', { ...envelope, payload: {} }, '/payload'],
    ['no signatures', { ...envelope, signatures: undefined }, '/signatures'],
    ['an empty list of signatures', { ...envelope, signatures: [] }, '/signatures'],
    ['two signatures', { ...envelope, signatures: [signature, signature] }, '/signatures'],
    ['an empty signature', { ...envelope, signatures: [{ sig: '' }] }, '/signatures/0/sig'],
    ['a signature that is no base64', { ...envelope, signatures: [{ sig: '?' }] }, '/signatures/0/sig'],
    ['a keyid that is no text', { ...envelope, signatures: [{ sig: 'AQID', keyid: 1 }] }, '/signatures/0/keyid'],
    ['an unknown field in a signature', { ...envelope, signatures: [{ ...signature, cert: '' }] }, '/signatures/0'],
    ['an unknown field', { ...envelope, extra: 1 }, ''],
  ])('refuses %s', (_, value, pointer) => {
    expect(() => parseEnvelope(value)).toThrow(refusal('ENVELOPE_INVALID', pointer));
    expect(() => parseEnvelope(value, '/dsseEnvelope')).toThrow(refusal('ENVELOPE_INVALID', `/dsseEnvelope${pointer}`));
  });

  it.each(['application/vnd.in-toto.provenance+json', 'application/json', 'application/vnd.in-toto+json ', ''])(
    'refuses the payload type %j, because the type is part of what is signed',
    (payloadType) => {
      expect(() => parseEnvelope({ ...envelope, payloadType })).toThrow(
        refusal('PAYLOAD_TYPE_UNSUPPORTED', '/payloadType'),
      );
    },
  );
});
