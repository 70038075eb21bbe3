import type { Reason } from './input.ts';
import { OF_EVIDENCE } from './reasons/of-evidence.ts';
import { OF_RELEASES } from './reasons/of-releases.ts';
import { OF_TESTS } from './reasons/of-tests.ts';
import { type Explained, type Phrase, say, shown, Values } from './reasons/phrase.ts';

export type { Explained } from './reasons/phrase.ts';

/**
 * Turns a reason into a sentence, with its fix. The one place where that happens: rules write no prose.
 *
 * Parameters are quoted as they are; who prints them on a terminal or a page makes them safe for it. A code that is not ours
 * comes from somebody else's rules and is shown with its parameters.
 */
export function explain({ code, params }: Reason): Explained {
  const phrase = ALL.get(code);
  if (phrase) return phrase(new Values(params));
  const values = Object.entries(params).map(([name, value]) => `${name}: ${shown(value)}`);
  return { sentence: values.length === 0 ? code : `${code} (${values.join(', ')})`, fix: undefined };
}

/** By code: every reason that a rule of ours gives. */
const PHRASES: Readonly<Record<string, Phrase>> = { ...OF_EVIDENCE, ...OF_TESTS, ...OF_RELEASES };

/** Of somebody else's rules, which answer with denials: lib/core/gate/result.ts. */
const DENIALS: Readonly<Record<string, Phrase>> = {
  policy_denied: (v) => {
    const [code, details] = [v.maybe('code'), v.maybe('details')];
    return say(`it says: ${v.text('message')}${code && ` [${code}]`}${details && ` ${details}`}`);
  },
  policy_denied_more: (v) => say(`and ${v.text('count')} more`),
};

/** By code: every reason that has a sentence. */
const ALL: ReadonlyMap<string, Phrase> = new Map(Object.entries({ ...PHRASES, ...DENIALS }));

/** Codes of our own rules. */
export const REASON_CODES: readonly string[] = Object.keys(PHRASES).toSorted();
