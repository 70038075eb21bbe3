import { OwnPredicate, Predicate, VERDICTS_FIELD } from '../../lib/contracts/predicates.ts';
import { parseApproval, verifySignIn } from '../../lib/core/approvals/approval.ts';
import { parseBundle } from '../../lib/core/bundle.ts';
import { sha256Hex } from '../../lib/core/digest.ts';
import { parseEnvelope, preAuthEncoding, type SignedPayload } from '../../lib/core/dsse.ts';
import { DomainError } from '../../lib/core/errors.ts';
import { parseDecision } from '../../lib/core/gate/decision.ts';
import { isJsonObject, type Json, parseStrictJson } from '../../lib/core/json.ts';
import { hintNames, type PublicKey, verifySignature } from '../../lib/core/keys.ts';
import { parseReceipt } from '../../lib/core/receipt.ts';
import { parseStatement, type Statement } from '../../lib/core/statement.ts';
import { parseSubmission, type Submission } from '../../lib/core/submission.ts';
import { checkCountersignature, checkReceipt, type ReceiptSubject } from './receipt.ts';
import { type Check, fail, notChecked, pass, type VerificationReport, verdictOf } from './report.ts';

export interface TrustedKeys {
  /** Producers' public keys that the caller trusts. */
  readonly keys?: readonly PublicKey[];
  /** Public keys of the control plane, past and present. */
  readonly evidenceKeys?: readonly PublicKey[];
}

export interface VerifyOptions extends TrustedKeys {
  /** A receipt that is said to be for these bytes. */
  readonly receipt?: Uint8Array;
}

/** What remains to be asked of the control plane, whatever verifies here. */
const BEYOND_A_SIGNATURE = [
  'whether the key was valid and had authority: the control plane checked it at received_at, and `countersign keys list` shows it',
  'whether the evidence is on hold, or has a finding',
] as const;

/**
 * Verifies evidence without a network: a Sigstore bundle, a DSSE envelope, a plain manifest, a receipt or an event of the
 * control plane. Every field is hostile until the signature is verified.
 */
export async function verify(bytes: Buffer, options: VerifyOptions = {}): Promise<VerificationReport> {
  try {
    const own = ownStatement(bytes);
    return own ? verifyOwn(bytes, own, options) : await verifySubmission(bytes, options);
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    const where = error.pointer ? ` at ${error.pointer}` : '';
    return {
      verdict: 'failed',
      kind: 'attestation',
      sha256: sha256Hex(bytes),
      subjects: [],
      checks: [fail('form', `${error.message}${where} [${error.code}]`)],
      not_covered: [],
    };
  }
}

/** Holds a receipt against an artifact, of which only digest and size are needed: it may be larger than the memory. */
export function verifyArtifact(
  artifact: { readonly sha256: string; readonly size: number },
  receipt: Uint8Array,
  { evidenceKeys = [] }: TrustedKeys,
): VerificationReport {
  const checks = receiptChecks(receipt, { ...artifact, predicateType: undefined, verified: undefined }, evidenceKeys);
  return {
    verdict: verdictOf(checks, countersigned(checks)),
    kind: 'artifact',
    sha256: artifact.sha256,
    subjects: [],
    checks,
    not_covered: [
      'what the bytes mean: an artifact is signed by nobody, its receipt proves when it was received and from whom',
    ],
  };
}

async function verifySubmission(bytes: Buffer, options: VerifyOptions): Promise<VerificationReport> {
  const { keys = [], evidenceKeys = [], receipt } = options;
  const submission = await parseSubmission(bytes, 'any');
  const { content, sha256, form } = submission;
  const signer = findKey(submission, keys);
  const checks: Check[] = [
    pass('form', `${form}, its predicate fits the schema of ${content.predicateType}`),
    signatureCheck(submission, keys, signer),
  ];
  const verified =
    signer && submission.signature ? { message: submission.signature.message, keyid: signer.keyid } : undefined;
  if (receipt) {
    checks.push(
      ...receiptChecks(
        receipt,
        { sha256, size: bytes.length, predicateType: content.predicateType, verified },
        evidenceKeys,
      ),
    );
  } else {
    checks.push(notChecked('receipt', 'needs --receipt; without it nothing says when it was received, or that it was'));
  }
  return {
    verdict: verdictOf(checks, signer !== undefined),
    kind: form === 'manifest' || form === 'unsigned' ? 'manifest' : 'attestation',
    sha256,
    predicate_type: content.predicateType,
    subjects: content.subjects.map(({ digest }) => digest.sha256),
    checks,
    not_covered: BEYOND_A_SIGNATURE,
  };
}

function findKey({ signature }: Submission, keys: readonly PublicKey[]): PublicKey | undefined {
  return signature && keys.find((key) => verifySignature(key, signature.message, signature.bytes) === 'valid');
}

function signatureCheck({ signature }: Submission, keys: readonly PublicKey[], signer: PublicKey | undefined): Check {
  const name = 'signature';
  if (!signature) return fail(name, 'the manifest is not signed');
  if (signer) return pass(name, `verified with the key ${signer.keyid}, ${signer.algorithm}`);
  if (keys.length === 0) return notChecked(name, `needs --key; it names ${signature.keyHint || 'no key'}`);
  const named = keys.find((key) => hintNames(signature.keyHint, key));
  return fail(
    name,
    named
      ? `does not verify with ${named.keyid}, the key that it names`
      : `verifies with none of the ${keys.length} keys given`,
  );
}

interface OwnStatement {
  readonly kind: 'receipt' | 'event' | 'decision';
  readonly signed: SignedPayload;
  readonly statement: Statement;
}

/** A statement of the control plane itself: a receipt, an event or a gate's decision. Undefined for anything else. */
function ownStatement(bytes: Buffer): OwnStatement | undefined {
  const signed = signedPayload(parseStrictJson(bytes));
  if (!signed) return undefined;
  const statement = parseStatement(parseStrictJson(signed.payload));
  const kind = ownKind(statement);
  return kind && { kind, signed, statement };
}

function ownKind({ predicateType, predicate }: Statement): OwnStatement['kind'] | undefined {
  if (predicateType === OwnPredicate.receipt) return 'receipt';
  if (Object.values<string>(OwnPredicate).includes(predicateType)) return 'event';
  // Anybody may sign a verification summary; one that holds our verdicts counts only under the evidence key.
  return predicateType === Predicate.slsaVsa && Object.hasOwn(predicate, VERDICTS_FIELD) ? 'decision' : undefined;
}

function signedPayload(document: Json): SignedPayload | undefined {
  if (!isJsonObject(document)) return undefined;
  if (document.verificationMaterial !== undefined) return parseBundle(document);
  return document.payloadType === undefined ? undefined : parseEnvelope(document);
}

function verifyOwn(
  bytes: Buffer,
  { kind, signed, statement }: OwnStatement,
  { evidenceKeys = [] }: VerifyOptions,
): VerificationReport {
  const { payload, payloadType, signature, keyHint: hint } = signed;
  const countersignature = checkCountersignature(
    { message: preAuthEncoding(payloadType, payload), signature, hint },
    evidenceKeys,
    'signature',
  );
  const checks = [pass('form', `statement of the control plane, ${statement.predicateType}`), countersignature];
  if (kind === 'receipt') {
    const { evidence, received_at } = parseReceipt(statement);
    checks.push(
      notChecked(
        'evidence',
        `it is for ${evidence.sha256}, received at ${received_at}: give that file, and this one as --receipt`,
      ),
    );
  }
  if (kind === 'decision') {
    const { passed, environment, decidedAt } = parseDecision(statement);
    const said = `${passed ? 'PASSED' : 'FAILED'} for ${environment} at ${decidedAt}`;
    checks.push(notChecked('result', `it says ${said}: countersign gate --replay decides again`));
  }
  if (statement.predicateType === OwnPredicate.approval) checks.push(personCheck(statement));
  return {
    verdict: verdictOf(checks, countersignature.result === 'pass'),
    kind,
    sha256: sha256Hex(bytes),
    predicate_type: statement.predicateType,
    subjects: statement.subject.map(({ digest }) => digest.sha256),
    checks,
    not_covered: [],
  };
}

/** What says that it was this person, beside the control plane. */
function personCheck(statement: Statement): Check {
  const name = 'person';
  try {
    const { model, body } = parseApproval(statement);
    const signedIn = verifySignIn(model, body);
    return signedIn
      ? pass(name, `${body.person} signed in at ${signedIn.iss} as ${signedIn.sub}, for exactly this`)
      : notChecked(name, `${body.person} proved who they are in the weaker way, which nobody else signed`);
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    return fail(name, error.message);
  }
}

function receiptChecks(receipt: Uint8Array, subject: ReceiptSubject, evidenceKeys: readonly PublicKey[]): Check[] {
  try {
    return checkReceipt(receipt, subject, evidenceKeys);
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    return [fail('receipt', `is no receipt: ${error.message}`)];
  }
}

function countersigned(checks: readonly Check[]): boolean {
  return checks.some(({ name, result }) => name === "receipt's signature" && result === 'pass');
}
