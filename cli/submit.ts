import * as z from 'zod/mini';
import { Predicate } from '../lib/contracts/predicates.ts';
import { parseBundle } from '../lib/core/bundle.ts';
import { canonicalBytes } from '../lib/core/canonical.ts';
import { Sha256Schema } from '../lib/core/digest.ts';
import type { JsonObject } from '../lib/core/json.ts';
import { parseStrictJson } from '../lib/core/json.ts';
import { parseReceipt, type Receipt } from '../lib/core/receipt.ts';
import { parseStatement } from '../lib/core/statement.ts';
import { parseSubmission } from '../lib/core/submission.ts';
import { readAnswer, unreliable } from './answers.ts';
import type { ApiClient } from './client.ts';
import { manifestPayload } from './manifest.ts';
import { type Signer, signPayload } from './signers/signer.ts';

/** What the API answers to a submission or an artifact that is evidence now. */
export interface Accepted {
  /** Digest of the stored bytes. */
  readonly evidence: string;
  /** False: it was evidence already, and this is the first receipt. */
  readonly created: boolean;
  readonly receipt: Receipt;
  /** The receipt's Sigstore bundle, byte for byte as it is stored. */
  readonly receiptBytes: Buffer;
  /** The whole answer. */
  readonly answer: JsonObject;
}

const AcceptedSchema = z.looseObject({
  evidence: Sha256Schema,
  created: z._default(z.boolean(), false),
  receipt: z.record(z.string(), z.json()),
});

/**
 * Posts what is signed. The same checks as the API's are made first, so that what cannot be accepted is not sent; posting
 * the same statement again is safe and answers with its first receipt.
 *
 * @param bytes - a Sigstore bundle, a DSSE envelope or a plain manifest, as it is to be stored
 */
export async function submit(api: ApiClient, bytes: Buffer): Promise<Accepted> {
  const { content, mediaType, sha256 } = await parseSubmission(bytes, 'any');
  const path = content.predicateType === Predicate.manifest ? '/v1/manifests' : '/v1/attestations';
  const answer = await api.json({ method: 'POST', path, body: bytes, contentType: mediaType });
  const accepted = readAccepted(answer);
  if (accepted.created && accepted.evidence !== sha256) {
    throw unreliable(`it says to have stored ${accepted.evidence}; what was sent is ${sha256}`);
  }
  return accepted;
}

/** What is to be signed: a manifest, which becomes the predicate of a statement, or an in-toto Statement v1. */
export type Stated = { readonly manifest: JsonObject } | { readonly statement: object };

export interface Attested extends Accepted {
  /** The signed bundle, as it was posted. When `created` is false, another one of the same statement is stored. */
  readonly bundle: Buffer;
}

/** Signs a manifest or an in-toto statement and posts it. */
export async function attest(api: ApiClient, signer: Signer, stated: Stated): Promise<Attested> {
  const bundle = await sign(signer, stated);
  return { ...(await submit(api, bundle)), bundle };
}

/** A Sigstore bundle v0.3 over a manifest or an in-toto statement. */
export async function sign(signer: Signer, stated: Stated): Promise<Buffer> {
  if ('manifest' in stated) return await signPayload(signer, manifestPayload(stated.manifest));
  parseStatement(stated.statement);
  return await signPayload(signer, canonicalBytes(stated.statement));
}

/** Reads an answer that holds a receipt, and holds the receipt against what it is for. */
export function readAccepted(answer: JsonObject): Accepted {
  const { evidence, created, receipt: bundle } = readAnswer(AcceptedSchema, answer);
  const receipt = parseReceipt(parseStatement(parseStrictJson(parseBundle(bundle).payload)));
  if (receipt.evidence.sha256 !== evidence) throw unreliable(`its receipt is for ${receipt.evidence.sha256}`);
  return { evidence, created, receipt, receiptBytes: canonicalBytes(bundle), answer };
}
