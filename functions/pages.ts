import { pages, pagesDeps } from '../lib/runtime/pages.ts';

/** Behind an API of its own that anybody may call. */
export const handler = pages(pagesDeps());
