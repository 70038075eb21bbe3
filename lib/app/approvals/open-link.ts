import { linkId } from '../../core/approvals/link.ts';
import { Recent } from '../recent.ts';
import { type Visit, type VisitDeps, visitIn, visitOf } from './visit.ts';

/** Links that are remembered. */
const REMEMBERED = 100;

/** What is remembered of a link: only where to look, so that each visit is read anew. */
interface Whereabouts {
  /** It never becomes another one's. */
  readonly promotion: string;
  /** That were asked, or were to be. */
  readonly roles: readonly string[];
}

/**
 * Opens links. Whoever goes from one form to the next comes by the same one, and all that it is about is one read by keys then.
 *
 * @returns what gives undefined for a secret that opens nothing: guessed, cut off, or gone
 */
export function linkOpener({ links, promotions, visits }: Pick<VisitDeps, 'links' | 'promotions' | 'visits'>) {
  const known = new Recent<Whereabouts>(REMEMBERED);

  /** @returns undefined also where a role is asked by now that was not looked for */
  async function together(id: string, where: Whereabouts): Promise<Visit | undefined> {
    const { link, promotion, asks } = await visits.find(id, where.promotion, where.roles);
    if (!link || !promotion?.roles.every((role) => where.roles.includes(role))) return undefined;
    return visitIn(link, { promotion, asks });
  }

  async function oneByOne(id: string): Promise<Visit | undefined> {
    const link = await links.find(id);
    return link && (await visitOf(promotions, link));
  }

  return async (secret: string): Promise<Visit | undefined> => {
    const id = linkId(secret);
    if (id === undefined) return undefined;
    const where = known.find(id);
    const visit = (where && (await together(id, where))) ?? (await oneByOne(id));
    if (visit) known.keep(id, whereaboutsOf(visit));
    return visit;
  };
}

function whereaboutsOf({ link, promotion, others }: Visit): Whereabouts {
  const roles = new Set([link.role, ...others.map(({ role }) => role), ...promotion.roles]);
  return { promotion: promotion.id, roles: [...roles] };
}
