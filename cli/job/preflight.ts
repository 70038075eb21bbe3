import { DomainError } from '../../lib/core/errors.ts';
import type { JsonObject } from '../../lib/core/json.ts';
import { parseStrictJson } from '../../lib/core/json.ts';
import { checkAuthority, checkPrincipal, checkValidity, type Principal } from '../../lib/core/registry.ts';
import { parseStatement } from '../../lib/core/statement.ts';
import { statementContent } from '../../lib/core/submission.ts';
import { manifestPayload } from '../manifest.ts';
import type { Signer } from '../signers/signer.ts';

/**
 * Holds a manifest and the key that is to sign it against the registry, as intake will: a training of many hours should not
 * end with the news that its key may not sign for the stage. What changes meanwhile is still decided at the end.
 *
 * @param manifest - as it will be, but for the digests that are not known yet
 * @throws DomainError as intake's
 */
export async function preflight(principal: Principal, signer: Signer, manifest: JsonObject, at: Date): Promise<void> {
  const content = await statementContent(parseStatement(parseStrictJson(manifestPayload(manifest))));
  const key = principal.keys.find(({ keyid }) => keyid === signer.keyid);
  if (!key) {
    throw new DomainError('KEY_UNKNOWN', `the key ${signer.keyid} is not registered for ${principal.name}`, {
      hint: 'countersign keys prove, and the key admin registers it',
    });
  }
  checkValidity(key, at);
  checkAuthority(key, content, true);
  checkPrincipal(principal, content, true);
}
