import type { Reason, RuleVerdict } from '../../lib/core/gate/input.ts';
import { type Explained, explain } from '../../lib/core/gate/reasons.ts';
import { printable } from '../../lib/core/printable.ts';

/** A reason in words that do no harm: they quote what producers signed, and what a policy, maybe somebody else's, says. */
function explained(reason: Reason): Explained {
  const { sentence, fix } = explain(reason);
  return { sentence: printable(sentence), fix: fix && printable(fix) };
}

/** Reasons of one rule that are shown: a lineage of a thousand data sets may have as many. */
const SHOWN = 5;

/** The reasons of a verdict in one line; empty where there are none. */
export function sentencesOf({ reasons }: RuleVerdict): string {
  const shown = reasons.slice(0, SHOWN).map((reason) => explained(reason).sentence);
  const more = reasons.length - shown.length;
  return [...shown, ...(more > 0 ? [`and ${more} more, in the decision`] : [])].join('; ');
}

/** What would change the verdict, each once. */
export function fixesOf({ reasons }: RuleVerdict): readonly string[] {
  return [...new Set(reasons.flatMap((reason) => explained(reason).fix ?? []))].slice(0, SHOWN);
}

/** Whether a verdict keeps the gate shut. */
export function isRefusal({ verdict }: RuleVerdict): boolean {
  return verdict === 'fail' || verdict === 'undetermined';
}
