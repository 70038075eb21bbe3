import canonicalize from 'canonicalize';
import { DomainError } from './errors.ts';
import type { Json } from './json.ts';

/**
 * RFC 8785 canonical bytes of a value that came from the strict parser or was built by us. Used for what we write and for
 * the plain manifest's signature; what others signed is never re-encoded. A property that is undefined is left out.
 *
 * @throws DomainError JSON_INVALID for what JSON cannot say: a number that is not finite, a lone surrogate
 */
export function canonicalBytes(value: Json | object): Buffer {
  try {
    return Buffer.from(canonicalize(value) ?? '', 'utf8');
  } catch (cause) {
    throw new DomainError('JSON_INVALID', 'the value has no canonical form', { pointer: '', cause });
  }
}
