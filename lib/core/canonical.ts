import canonicalize from 'canonicalize';
import { DomainError } from './errors.ts';
import type { Json } from './json.ts';

/**
 * RFC 8785 canonical bytes of a value that came from the strict parser or was built by us. Used for what we write and for
 * the plain manifest's signature; what others signed is never re-encoded. A property that is undefined is left out.
 */
export function canonicalBytes(value: Json | object): Buffer {
  const text = canonicalize(value);
  if (text === undefined || !text.isWellFormed()) {
    throw new DomainError('JSON_INVALID', 'the value has no canonical form', { pointer: '' });
  }
  return Buffer.from(text, 'utf8');
}
