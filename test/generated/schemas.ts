import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as z from 'zod/mini';
import { AddApproverSchema, ChangeApproverSchema } from '../../lib/core/approver-requests.ts';
import { SimulationReportSchema } from '../../lib/core/gate/what-if-report.ts';
import { ManifestSchema } from '../../lib/core/manifest.ts';
import { ReceiptSchema } from '../../lib/core/receipt.ts';
import { ReleaseSchema } from '../../lib/core/release.ts';
import {
  HoldSchema,
  PutArtifactSchema,
  RegisterKeySchema,
  RegisterPrincipalSchema,
  RevokeKeySchema,
} from '../../lib/core/requests.ts';
import { AddWebhookSchema, ChangeWebhookSchema } from '../../lib/core/webhooks/subscription.ts';

/** The schemas that validate, published as JSON Schema 2020-12. `node test/generated/schemas.ts` writes them again. */
const FOLDER = join(import.meta.dirname, '../../docs/schemas');

const PUBLISHED = {
  'manifest-v1': ManifestSchema,
  'receipt-v1': ReceiptSchema,
  'register-principal': RegisterPrincipalSchema,
  'register-key': RegisterKeySchema,
  'revoke-key': RevokeKeySchema,
  'put-artifact': PutArtifactSchema,
  'add-approver': AddApproverSchema,
  'change-approver': ChangeApproverSchema,
  'add-webhook': AddWebhookSchema,
  'change-webhook': ChangeWebhookSchema,
  hold: HoldSchema,
  'simulation-report-v1': SimulationReportSchema,
  'release-v1': ReleaseSchema,
} as const;

/** File path -> what it must hold. */
export function publishedSchemas(): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(PUBLISHED).map(([name, schema]) => {
      const document = {
        $id: `https://countersign.dev/schemas/${name}.schema.json`,
        ...z.toJSONSchema(schema, { io: 'input' }),
      };
      return [join(FOLDER, `${name}.schema.json`), `${JSON.stringify(document, null, 2)}\n`];
    }),
  );
}

export function committed(file: string): string {
  return readFileSync(file, 'utf8');
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  for (const [file, text] of publishedSchemas()) writeFileSync(file, text);
}
