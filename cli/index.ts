/**
 * Countersign as a library: what the command line does, without the command line. See docs/library.md.
 *
 * @packageDocumentation
 */
export { DomainError } from '../lib/core/errors.ts';
export type { GatePhase, GateResult, Reason, RuleVerdict } from '../lib/core/gate/input.ts';
export { type Explained, explain } from '../lib/core/gate/reasons.ts';
export { type PublicKey, parsePublicKey } from '../lib/core/keys.ts';
export type { Receipt } from '../lib/core/receipt.ts';
export { getArtifact } from './artifact/get-artifact.ts';
export { type PutArtifactOptions, putArtifact } from './artifact/put-artifact.ts';
export { ApiClient, type ApiConfig, type ApiRequest } from './client.ts';
export { ApiProblem, CliError, type Problem, UnavailableError, UsageError } from './errors.ts';
export { evaluateGate, type GateDecision, type GateQuestion } from './gate/evaluate.ts';
export { type Difference, type ReplayParts, type ReplayReport, replayGate } from './gate/replay.ts';
export { GateSkipped } from './gate/skipped.ts';
export { type DirectoryDigest, type DirectoryOptions, hashDirectory } from './hashing/directory.ts';
export { type FileDigest, hashFile } from './hashing/file.ts';
export { archiveRoot, type PackedModel, packModel } from './model/archive.ts';
export { connect, type SessionOptions } from './session.ts';
export { type OpenSignerOptions, openSigner } from './signers/index.ts';
export { keySigner } from './signers/key-file.ts';
export { type Signer, signPayload } from './signers/signer.ts';
export { type Accepted, type Attested, attest, type Stated, sign, submit } from './submit.ts';
export type { Check, Verdict, VerificationReport } from './verify/report.ts';
export { type VerifyOptions, verify, verifyArtifact } from './verify/verify.ts';
