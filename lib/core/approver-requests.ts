import * as z from 'zod/mini';
import { MAIL_RHYTHMS } from './approver.ts';
import { printable } from './printable.ts';
import { InstantSchema, KeyRoleSchema, PrincipalNameSchema } from './requests.ts';

/** Bodies of the requests about people who approve. */

const ATOM = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+";
const LABEL = '[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?';

/**
 * One address as SES takes it: a dot-atom (RFC 5322 section 3.2.3; SES has no SMTPUTF8, so ASCII) at a domain of two labels or
 * more, an international one in Punycode. No quotes, comments, display name or list: nothing that a header could be made of.
 */
const ADDRESS = new RegExp(`^(?=.{1,64}@)${ATOM}(?:\\.${ATOM})*@(?:${LABEL}\\.)+(?=[A-Za-z])${LABEL}$`);

export const EmailSchema = z
  .string()
  .check(
    z.maxLength(254),
    z.regex(
      ADDRESS,
      'must be one e-mail address such as owner@example.org, an international domain in Punycode (xn--…)',
    ),
  );

/** Shown in mails and on pages: what would end a line or turn its direction is no name. */
const NameSchema = z.string().check(
  z.minLength(1),
  z.maxLength(200),
  z.refine((text) => text.trim() === text && printable(text) === text, 'must be one line of printable characters'),
);

/**
 * OpenID Connect Core, section 2: at most 255 ASCII characters. It stands in the ID tokens that approvals keep for years, so it
 * may be no address; best is one that the provider makes for us alone (section 8.1).
 */
const SubjectSchema = z
  .string()
  .check(z.regex(/^[\x21-\x3f\x41-\x7e]{1,255}$/, 'must be 1 to 255 visible ASCII characters, and no address (no @)'));

const RolesSchema = z.array(KeyRoleSchema).check(
  z.minLength(1),
  z.maxLength(16),
  z.refine((roles) => new Set(roles).size === roles.length, 'must not name a role twice'),
);

const AbsenceSchema = z
  .strictObject({
    from: InstantSchema,
    until: InstantSchema,
    deputy: z._default(z.nullable(PrincipalNameSchema), null),
  })
  .check(z.refine(({ from, until }) => from < until, { path: ['until'], message: 'must lie after from' }));

export const AddApproverSchema = z
  .strictObject({
    id: PrincipalNameSchema.check(z.describe('Evidence names the person by it, for ever: no name, no address')),
    name: NameSchema,
    email: EmailSchema,
    oidc_subject: z.exactOptional(SubjectSchema),
    roles: RolesSchema,
    mail: z._default(z.enum(MAIL_RHYTHMS), 'each'),
  })
  .check(z.describe('Adds a person who may be asked to approve'));

/** What is left out stays as it is. */
export const ChangeApproverSchema = z
  .strictObject({
    /** The one that this call changes. */
    revision: z.int().check(z.positive()),
    name: z.exactOptional(NameSchema),
    email: z.exactOptional(EmailSchema),
    oidc_subject: z.exactOptional(z.nullable(SubjectSchema)),
    roles: z.exactOptional(RolesSchema),
    mail: z.exactOptional(z.enum(MAIL_RHYTHMS)),
    absence: z.exactOptional(z.nullable(AbsenceSchema)),
    state: z.exactOptional(z.enum(['active', 'left'])),
  })
  .check(z.describe('Changes a person who may be asked to approve'));

export type AddApprover = z.output<typeof AddApproverSchema>;
export type ChangeApprover = z.output<typeof ChangeApproverSchema>;
