import * as z from 'zod/mini';
import { Sha256Schema } from '../digest.ts';
import { PrincipalNameSchema } from '../requests.ts';
import { isRole } from './approval.ts';

/** What a mail to a person is about: it comes back with the news that they did not get it. No address. */
export interface MailAbout {
  /** Id of whom it goes to. */
  readonly person: string;
  /** Of a digest, which is about several: none. */
  readonly promotion?: string;
  readonly role?: string;
}

/** As SES takes tags: of ASCII letters, digits, `_` and `-`. Ids of people have other characters too. */
export function mailTags({ person, ...rest }: MailAbout): Readonly<Record<string, string>> {
  return { ...rest, person: Buffer.from(person).toString('base64url') };
}

/**
 * Reads tags back, each with its values as SES tells them. Whoever else may send with our configuration set tags as they like:
 * what no mail of ours has is left out.
 */
export function readMailTags(tags: Readonly<Record<string, unknown>>): Partial<MailAbout> {
  const only = (name: string): string | undefined => {
    const values = Values.safeParse(Object.hasOwn(tags, name) ? tags[name] : undefined);
    return values.success ? values.data[0] : undefined;
  };
  const promotion = Sha256Schema.safeParse(only('promotion'));
  const role = only('role');
  const person = PrincipalNameSchema.safeParse(Buffer.from(only('person') ?? '', 'base64url').toString());
  return {
    ...(promotion.success ? { promotion: promotion.data } : {}),
    ...(role !== undefined && isRole(role) ? { role } : {}),
    ...(person.success ? { person: person.data } : {}),
  };
}

const Values = z.tuple([z.string()]);
