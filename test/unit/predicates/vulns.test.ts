import { describe, expect, it } from 'vitest';
import { Predicate } from '../../../lib/contracts/predicates.ts';
import { NO_FACTS } from '../../../lib/core/predicates/facts.ts';
import { validatePredicate } from '../../../lib/core/predicates/index.ts';
import { expectRefusals } from './refusals.ts';

const scan = {
  scanner: {
    uri: 'pkg:github/aquasecurity/trivy@244fd47e07d1004f0aed9',
    version: '0.19.2',
    db: {
      uri: 'pkg:github/aquasecurity/trivy-db@4c76bb5',
      version: 'v1-2021080612',
      lastUpdate: '2021-08-06T17:45:50.52Z',
    },
    result: [{ id: 'CVE-123', severity: [{ method: 'nvd', score: 'medium' }], annotations: [{ fixed: true }] }],
  },
  metadata: { scanStartedOn: '2021-08-06T17:45:50.52Z', scanFinishedOn: '2021-08-06T17:50:50.52Z' },
};

describe('vulnerabilities v0.2', () => {
  it('accepts the example of its specification and one that found nothing', async () => {
    expect(await validatePredicate(Predicate.vulns, scan, [])).toEqual({ ...NO_FACTS, scanner: scan.scanner.uri });
    const clean = { ...scan, scanner: { ...scan.scanner, result: [] } };
    await expect(validatePredicate(Predicate.vulns, clean, [])).resolves.toBeDefined();
  });

  it('names the field that is wrong', async () => {
    await expectRefusals(Predicate.vulns, scan, [
      ['/scanner/uri', undefined],
      ['/scanner/db', undefined],
      ['/scanner/db/lastUpdate', undefined],
      ['/scanner/result', undefined],
      ['/scanner/result', null],
      ['/scanner/result/0/id', ''],
      ['/scanner/result/0/severity', undefined],
      ['/scanner/result/0/severity/0/score', 5.2],
      ['/scanner/result/0/annotations', { fixed: true }],
      ['/metadata/scanFinishedOn', '2021-08-06'],
    ]);
  });
});
