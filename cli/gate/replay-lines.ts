import type { RuleVerdict } from '../../lib/core/gate/input.ts';
import { checkLine } from '../verify/report.ts';
import { sentencesOf } from './reasons.ts';
import type { Difference, ReplayReport } from './replay.ts';

/** A replay for a person: the checks, and each rule that was judged otherwise. */
export function replayLines({ identical, decision, decided, checks, differences }: ReplayReport): string[] {
  const about = decided ? `${decided.passed ? 'PASSED' : 'FAILED'} for ${decided.model} in ${decided.environment}` : '';
  return [
    `${identical ? 'IDENTICAL' : 'DIFFERENT'}  decision ${decision}${about && `: ${about}, ${decided?.decidedAt}`}`,
    ...checks.map(checkLine),
    ...differences.flatMap(differenceLines),
  ];
}

function differenceLines({ rule, list, decided, replayed }: Difference): string[] {
  return [
    `        ${rule}${list === 'warnings' ? ' (warning)' : ''}`,
    `          decided   ${told(decided)}`,
    `          replayed  ${told(replayed)}`,
  ];
}

function told(verdict: RuleVerdict | null): string {
  if (verdict === null) return 'not at all';
  const { severity, waiver } = verdict;
  const sentences = sentencesOf(verdict);
  return `${verdict.verdict}, ${severity}${waiver === null ? '' : ', waived'}${sentences && `: ${sentences}`}`;
}
