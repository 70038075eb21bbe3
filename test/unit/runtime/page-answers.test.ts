import { describe, expect, it } from 'vitest';
import { BARE_HEADERS, PAGE_HEADERS } from '../../../lib/contracts/page-headers.ts';
import { renderApprovalPage } from '../../../lib/core/pages/approval/page.ts';
import { failedResult, pageResult, redirectResult } from '../../../lib/runtime/page-requests.ts';

describe('an answer of the public pages', () => {
  it.each([
    ['a page', pageResult({ status: 200, page: renderApprovalPage({ state: 'unknown' }) }), PAGE_HEADERS],
    ['the way to a page', redirectResult('/approve/x'), BARE_HEADERS],
    ['a failure', failedResult(false), BARE_HEADERS],
    ['a failure that passes', failedResult(true), BARE_HEADERS],
  ])('that is %s is framed by nobody, kept by nobody, and over TLS', (_, { headers = {} }, expected) => {
    expect(headers).toMatchObject(expected);
    expect(headers['Content-Security-Policy']).toMatch(/^default-src 'none'; .*frame-ancestors 'none'/);
    // API Gateway would send both of two names that differ in case.
    const names = Object.keys(headers).map((name) => name.toLowerCase());
    expect(names).toEqual([...new Set(names)]);
  });
});
