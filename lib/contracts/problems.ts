/**
 * Every refusal that a caller can meet, by a handler of ours or by the gateway before it: the stable `code` of the problem
 * document (RFC 9457), its HTTP status and title. docs/problems.md says what each means and what to do.
 */
export const PROBLEMS = {
  // The bytes
  BODY_EMPTY: { status: 400, title: 'The request has no body' },
  BODY_TOO_LARGE: { status: 413, title: 'The request body is too large' },
  MEDIA_TYPE_UNSUPPORTED: { status: 415, title: 'The media type is not supported' },
  JSON_INVALID: { status: 400, title: 'The body is not strict JSON' },
  SCHEMA_INVALID: { status: 422, title: 'A field does not fit its schema' },
  REQUEST_INVALID: { status: 400, title: 'The request is not valid' },
  // Envelope, bundle, statement
  BUNDLE_INVALID: { status: 422, title: 'Not a Sigstore bundle v0.3 with one signature and a public key' },
  ENVELOPE_INVALID: { status: 422, title: 'Not a DSSE envelope with one signature' },
  PAYLOAD_TYPE_UNSUPPORTED: { status: 422, title: 'The payload type is not in-toto' },
  STATEMENT_INVALID: { status: 422, title: 'Not an in-toto Statement v1' },
  PREDICATE_UNSUPPORTED: { status: 422, title: 'The predicate type is not accepted here' },
  PREDICATE_INVALID: { status: 422, title: 'The predicate does not fit its schema' },
  MANIFEST_INVALID: { status: 422, title: 'The manifest does not fit its schema' },
  DIGEST_INVALID: { status: 422, title: 'A digest is not 64 lower-case hexadecimal characters' },
  TIMESTAMP_IN_FUTURE: { status: 422, title: 'The timestamp lies in the future' },
  // Signature and authority
  UNSIGNED: { status: 422, title: 'The manifest is not signed' },
  SIGNATURE_MALFORMED: { status: 422, title: 'The signature is malformed' },
  SIGNATURE_INVALID: { status: 422, title: 'The signature does not verify' },
  KEY_INVALID: { status: 422, title: 'The public key cannot be used' },
  KEY_UNKNOWN: { status: 403, title: 'The key is not registered' },
  KEY_OF_ANOTHER_PRINCIPAL: { status: 403, title: 'The key belongs to another principal' },
  KEY_NOT_YET_VALID: { status: 403, title: 'The key is not valid yet' },
  KEY_EXPIRED: { status: 403, title: 'The key has expired' },
  KEY_REVOKED: { status: 403, title: 'The key is revoked' },
  KEY_NOT_AUTHORIZED: { status: 403, title: 'The key has no authority for this statement' },
  KEY_PROOF_INVALID: { status: 422, title: 'The proof of possession does not hold' },
  PRINCIPAL_UNKNOWN: { status: 403, title: 'The caller is not a registered principal' },
  PRINCIPAL_MISMATCH: { status: 403, title: 'The manifest names another principal' },
  // State
  KEY_EXISTS: { status: 409, title: 'The key is registered already' },
  PRINCIPAL_EXISTS: { status: 409, title: 'The principal or its role is registered already' },
  APPROVER_EXISTS: { status: 409, title: 'The person is in the directory already' },
  WEBHOOK_EXISTS: { status: 409, title: 'The webhook exists already' },
  REVISION_CONFLICT: { status: 409, title: 'The record changed meanwhile' },
  HOLD_EXISTS: { status: 409, title: 'The evidence is on hold already' },
  HOLD_NOT_FOUND: { status: 404, title: 'The evidence is not on hold' },
  UPLOAD_NOT_FOUND: { status: 404, title: 'No such upload' },
  UPLOAD_INCOMPLETE: { status: 409, title: 'The upload is not complete' },
  NOT_FOUND: { status: 404, title: 'Not found' },
  ROUTE_NOT_FOUND: { status: 404, title: 'No such route' },
  CURSOR_INVALID: { status: 400, title: 'The cursor is not one that this listing gave' },
  LINEAGE_TOO_LARGE: { status: 422, title: 'The lineage is larger than its bound' },
  // Gates
  MODEL_UNKNOWN: { status: 404, title: 'Nothing is known of the model' },
  MANIFEST_MISSING: { status: 422, title: 'No manifest says how the model was made' },
  MANIFEST_UNSIGNED: { status: 422, title: 'The manifest of the model is not signed' },
  GATE_INPUT_TOO_LARGE: { status: 422, title: 'There are more facts than a gate takes' },
  WAIVER_INVALID: { status: 422, title: 'The waiver is too wide or too long' },
  RULE_UNKNOWN: { status: 422, title: 'The policy in force has no such rule' },
  RULE_NOT_WAIVABLE: { status: 422, title: 'The policy in force allows no exception to the rule' },
  WAIVER_STATE_CONFLICT: { status: 409, title: 'The waiver is not ready for this step' },
  POLICY_STATE_CONFLICT: { status: 409, title: 'The policy is not ready for this step' },
  POLICY_TEST_INVALID: { status: 422, title: 'Not a test result that passed this policy' },
  DUTIES_NOT_SEPARATE: { status: 403, title: 'The same person may not do both' },
  POLICY_UNAVAILABLE: { status: 503, title: 'No policy can be had' },
  POLICY_INVALID: { status: 422, title: 'The policy bundle cannot be used' },
  POLICY_BUILT_IN_UNKNOWN: { status: 422, title: 'The policy calls what no gate answers' },
  POLICY_FAILED: { status: 422, title: 'The policy broke down' },
  POLICY_TIMED_OUT: { status: 422, title: 'The policy took too long' },
  POLICY_MEMORY_EXCEEDED: { status: 422, title: 'The policy wanted too much memory' },
  POLICY_RESULT_INVALID: { status: 422, title: 'The policy answered in another form' },
  // Promotions
  PROMOTION_STATE_CONFLICT: { status: 409, title: 'The promotion is not ready for this step' },
  RELEASE_UNKNOWN: { status: 404, title: 'No such release' },
  INCIDENT_STATE_CONFLICT: { status: 409, title: 'The incident is not ready for this step' },
  // The service
  EVIDENCE_KEY_INACTIVE: { status: 503, title: 'No evidence key is active' },
  INTEGRITY_FAILURE: { status: 500, title: 'Stored evidence does not verify' },
  DEPENDENCY_UNAVAILABLE: { status: 503, title: 'A dependency is unavailable' },
  INTERNAL: { status: 500, title: 'Internal error' },
  // The gateway, before or instead of a handler
  UNAUTHORIZED: { status: 401, title: 'The caller is not known' },
  ACCESS_DENIED: { status: 403, title: 'The caller may not call this route' },
  CREDENTIALS_EXPIRED: { status: 403, title: 'The credentials have expired' },
  REQUEST_SIGNATURE_INVALID: { status: 403, title: 'The AWS signature of the request does not verify' },
  REQUEST_UNSIGNED_OR_ROUTE_UNKNOWN: {
    status: 403,
    title: 'The request has no AWS signature, or there is no such route',
  },
  FIREWALL_REFUSED: { status: 403, title: 'The firewall refused the request' },
  THROTTLED: { status: 429, title: 'Too many requests' },
  ANSWER_TIMED_OUT: { status: 504, title: 'The answer took too long' },
} as const satisfies Record<string, { readonly status: number; readonly title: string }>;

export type ProblemCode = keyof typeof PROBLEMS;

/** The `type` of a problem document: `https://countersign.dev/problems/<code in lower-case-with-dashes>`. */
export function problemType(code: ProblemCode): string {
  return `https://countersign.dev/problems/${code.toLowerCase().replaceAll('_', '-')}`;
}
