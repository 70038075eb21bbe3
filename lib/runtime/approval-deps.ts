import { randomBytes, randomInt } from 'node:crypto';
import { SESv2Client } from '@aws-sdk/client-sesv2';
import { SFNClient } from '@aws-sdk/client-sfn';
import { dynamoApprovals } from '../adapters/dynamodb/approvals.ts';
import { dynamoDirectory } from '../adapters/dynamodb/directory.ts';
import { dynamoGateLedger } from '../adapters/dynamodb/gate-ledger.ts';
import { dynamoLinks, dynamoVisits } from '../adapters/dynamodb/links.ts';
import { dynamoAsks, dynamoPromotions } from '../adapters/dynamodb/promotions.ts';
import { kmsTokens } from '../adapters/kms/tokens.ts';
import { sesMailer } from '../adapters/ses/mailer.ts';
import { sfnWaits } from '../adapters/sfn/waits.ts';
import { decisionFacts } from '../app/approvals/facts.ts';
import { knownEvidence, knownEvidenceKey } from '../app/known-evidence.ts';
import { Env } from '../contracts/env.ts';
import { CODE_DIGITS } from '../core/approvals/link.ts';
import { renderMail } from '../core/mail/render.ts';
import { clientConfig, countersignDeps, kms, tableConfig, tables } from './composition.ts';
import { required } from './environment.ts';
import { announcer } from './incident-deps.ts';

/** What asks people and hears them. */
export function approvalDeps() {
  const client = kms();
  const base = countersignDeps(client);
  const config = tableConfig();
  const registry = knownEvidenceKey(tables(config).registry, base);
  const ledger = knownEvidence(dynamoGateLedger(config));
  const workflowTable = required(Env.WORKFLOW_TABLE);
  return {
    ...base,
    registry,
    ledger,
    directory: dynamoDirectory(config.client, config.registryTable),
    promotions: dynamoPromotions(config.client, workflowTable),
    asks: dynamoAsks(config.client, workflowTable),
    links: dynamoLinks(config.client, workflowTable),
    visits: dynamoVisits(config.client, workflowTable),
    approvals: dynamoApprovals({ client: config.client, evidenceTable: config.evidenceTable, workflowTable }),
    tokens: kmsTokens(client, required(Env.DATA_KEY_ARN)),
    waits: sfnWaits(new SFNClient(clientConfig())),
    facts: decisionFacts({ store: base.store, ledger, registry }),
    mailer: sesMailer(new SESv2Client(clientConfig()), {
      from: required(Env.MAIL_FROM),
      configurationSet: required(Env.MAIL_CONFIGURATION_SET),
    }),
    render: renderMail,
    random: randomBytes,
    announcer: announcer(),
    randomCode: () => randomInt(10 ** CODE_DIGITS),
  };
}
