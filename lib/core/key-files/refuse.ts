import { DomainError } from '../errors.ts';

/** @throws DomainError KEY_INVALID. Neither the message nor the cause ever holds a part of the key or the password. */
export function refuse(message: string, hint?: string, cause?: unknown): never {
  throw new DomainError('KEY_INVALID', message, { ...(hint === undefined ? {} : { hint }), cause });
}
