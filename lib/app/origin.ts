import type { Person } from '../core/person.ts';
import type { Clock } from './ports.ts';
import type { Caller } from './submit-evidence.ts';

/** When an event happens, and who asked for it. */
export function originOf({ clock }: { readonly clock: Clock }, { arn, uniqueId, account }: Caller) {
  return { at: clock().toISOString(), by: { arn, unique_id: uniqueId, account } };
}

/** The caller as a record names the one who took a step. */
export function personOf({ clock }: { readonly clock: Clock }, { arn, uniqueId }: Caller): Person {
  return { arn, unique_id: uniqueId, at: clock().toISOString() };
}
