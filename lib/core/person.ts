import * as z from 'zod/mini';

/** Who took a step, and when. Two are another person when they act under another role: its unique id cannot be chosen. */
export const PersonSchema = z.object({ arn: z.string(), unique_id: z.string(), at: z.string() });
export type Person = z.output<typeof PersonSchema>;
