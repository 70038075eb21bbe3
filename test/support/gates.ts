import type { Asked } from '../../lib/app/gate/evaluate.ts';
import type { GateFacts } from '../../lib/app/gate/ports.ts';

const nothing = async () => ({ known: true, items: [] }) as const;

/** Nobody waived, found, approved or released anything, and that is known. */
export const NO_FACTS: GateFacts = { waivers: nothing, findings: nothing, approvals: nothing, releases: nothing };

/** A question to a gate about a model, in the phase `request`. */
export const asked = (model: string, changes: Partial<Asked> = {}): Asked => ({
  model,
  environment: 'production',
  phase: 'request',
  imageDigest: undefined,
  endpoint: undefined,
  at: undefined,
  ...changes,
});
