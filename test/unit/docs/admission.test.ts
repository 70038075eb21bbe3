import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { AdmissionName } from '../../../lib/core/gate/admission.ts';

const text = readFileSync(new URL('../../../docs/admission.md', import.meta.url), 'utf8');

it('docs/admission.md has every annotation that is read, and no other', () => {
  const rows = [...text.matchAll(/^\| `(countersign\.dev\/[a-z0-9-]+)` \|/gm)].map(([, name]) => name);
  expect(rows).toEqual(Object.values(AdmissionName));
});
