import { CfnOutput, Duration, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { Env } from '../../lib/contracts/env.ts';
import { Prefix } from '../../lib/contracts/storage.ts';
import type { StageConfig } from '../config.ts';
import { FailedEvents } from '../constructs/failed-events.ts';
import { MachineApi } from '../constructs/machine-api.ts';
import type { Grantee } from '../constructs/policy.ts';
import { RolePolicies } from '../constructs/role-policies.ts';
import { API_FUNCTION_TIMEOUT, functionArn, ServiceFunction } from '../constructs/service-function.ts';
import type { FunctionName } from '../names.ts';
import type { DataStack } from './data-stack.ts';

/**
 * Memory of the functions behind the API, in MB. A cold start is CPU-bound and CPU comes with memory; beyond this the
 * few milliseconds of CPU that a request takes no longer shrink while its price doubles.
 */
const API_FUNCTION_MEMORY = 1024;

/** One whole processor: hashing is what the verifier does, and it uses one thread. */
const VERIFIER_MEMORY = 1769;

/** Lambda's own limit. The verifier hands its hash state to a successor before it is reached. */
const VERIFIER_TIMEOUT = Duration.minutes(15);

/** What answers requests. Can be deleted and deployed again without losing anything. */
export class ServiceStack extends Stack {
  constructor(
    scope: Construct,
    id: string,
    props: StackProps & { readonly config: StageConfig; readonly data: DataStack },
  ) {
    super(scope, id, props);
    const { config, data } = props;

    const tables = {
      [Env.EVIDENCE_TABLE]: data.evidenceTable.table.tableName,
      [Env.REGISTRY_TABLE]: data.registryTable.table.tableName,
    };
    const evidence = { [Env.EVIDENCE_BUCKET]: data.evidence.bucket.bucketName, ...tables };
    const signing = {
      ...evidence,
      [Env.EVIDENCE_KEY_ARN]: data.evidenceKey.key.keyArn,
      [Env.RETENTION]: JSON.stringify(config.retention),
    };
    const staging = { [Env.STAGING_BUCKET]: data.staging.bucket.bucketName };
    const make = (
      id: string,
      name: FunctionName,
      description: string,
      environment: ConstructorParameters<typeof ServiceFunction>[2]['environment'],
      size = { memorySize: API_FUNCTION_MEMORY, timeout: API_FUNCTION_TIMEOUT },
    ): ServiceFunction =>
      new ServiceFunction(this, id, { config, name, description, auditKey: data.auditKey.key, environment, ...size });

    const verifier = make(
      'ArtifactVerifier',
      'artifact-verifier',
      'Hashes staged uploads and copies what holds into the evidence bucket',
      { ...signing, ...staging },
      { memorySize: VERIFIER_MEMORY, timeout: VERIFIER_TIMEOUT },
    );
    const handlers = {
      intake: make('Intake', 'intake', 'Verifies attestations, stores and countersigns them', {
        ...signing,
        [Env.UNSIGNED_STAGES]: config.unsignedStages.join(','),
      }),
      artifacts: make('Artifacts', 'artifacts', 'Presigns artifact uploads and registers what arrived', {
        ...signing,
        ...staging,
        [Env.SINGLE_PUT_MAX_BYTES]: String(config.singlePutMaxBytes),
        [Env.ARTIFACT_VERIFIER]: verifier.fn.functionName,
      }),
      reader: make('Reader', 'reader', 'Answers look-ups', evidence),
      registry: make('Registry', 'registry', 'Registers principals and keys', signing),
      holds: make('Holds', 'holds', 'Sets and lifts legal holds', signing),
    };

    grantIntake(handlers.intake, data);
    grantArtifacts(handlers.artifacts, data, functionArn(this, config, 'artifact-verifier'));
    grantVerifier(verifier, data, functionArn(this, config, 'artifact-verifier'));
    grantReader(handlers.reader, data);
    grantRegistry(handlers.registry, data);
    grantHolds(handlers.holds, data);
    new FailedEvents(this, 'FailedEvents', { config, dataKey: data.dataKey, source: verifier });

    const api = new MachineApi(this, 'Api', {
      config,
      auditKey: data.auditKey.key,
      handlers: {
        intake: handlers.intake.fn,
        artifacts: handlers.artifacts.fn,
        reader: handlers.reader.fn,
        registry: handlers.registry.fn,
        holds: handlers.holds.fn,
      },
    });
    const roles = new RolePolicies(this, 'Roles', { config, api });
    grantOperator(roles.of('operator'), data);
    grantAuditor(roles.of('auditor'), data);
    data.evidence.grantBreakGlass(roles.of('break-glass'));
    data.dataKey.grantDecrypt(roles.of('break-glass'), ['s3']);

    new CfnOutput(this, 'ApiUrl', { value: api.api.url });
  }
}

function grantIntake(grantee: Grantee, data: DataStack): void {
  data.evidence.grantCreate(grantee, Prefix.attestations, Prefix.receipts);
  data.evidenceKey.grantSign(grantee);
  data.dataKey.grantEncryptDecrypt(grantee, ['s3', 'dynamodb']);
  grantRecordEvidence(grantee, data);
}

function grantArtifacts(grantee: Grantee, data: DataStack, verifierArn: string): void {
  data.evidence.grantCreate(grantee, Prefix.artifacts, Prefix.receipts);
  data.staging.grantUpload(grantee);
  data.evidenceKey.grantSign(grantee);
  data.dataKey.grantEncryptDecrypt(grantee, ['s3', 'dynamodb']);
  grantRecordEvidence(grantee, data);
  grantInvoke(grantee, verifierArn);
}

function grantVerifier(grantee: Grantee, data: DataStack, verifierArn: string): void {
  data.evidence.grantCreate(grantee, Prefix.artifacts, Prefix.receipts);
  data.evidence.grantAbortUpload(grantee, Prefix.artifacts);
  data.staging.grantTakeOut(grantee);
  data.evidenceKey.grantSign(grantee);
  data.dataKey.grantEncryptDecrypt(grantee, ['s3', 'dynamodb', 'sqs']);
  grantRecordEvidence(grantee, data);
  // What is too long for one run is continued by the next.
  grantInvoke(grantee, verifierArn);
}

/** What every writer of evidence does with the tables: look up, then one transaction that checks the key's revision. */
function grantRecordEvidence(grantee: Grantee, data: DataStack): void {
  data.evidenceTable.grant(
    grantee,
    'RecordEvidence',
    'ConditionCheckItem',
    'GetItem',
    'PutItem',
    'Query',
    'UpdateItem',
  );
  data.registryTable.grant(grantee, 'ReadRegistry', 'BatchGetItem', 'ConditionCheckItem', 'GetItem', 'Query');
}

function grantReader(grantee: Grantee, data: DataStack): void {
  data.evidence.grantRead(grantee, Prefix.attestations, Prefix.artifacts, Prefix.receipts, Prefix.keys);
  data.dataKey.grantDecrypt(grantee, ['s3', 'dynamodb']);
  data.evidenceTable.grant(grantee, 'ReadEvidenceTable', 'BatchGetItem', 'GetItem', 'Query');
  data.registryTable.grant(grantee, 'ReadRegistry', 'GetItem', 'Query');
}

function grantRegistry(grantee: Grantee, data: DataStack): void {
  data.evidence.grantCreate(grantee, Prefix.attestations, Prefix.receipts, Prefix.keys);
  data.evidenceKey.grantSign(grantee);
  data.evidenceKey.grantGetPublicKey(grantee);
  data.dataKey.grantEncryptDecrypt(grantee, ['s3', 'dynamodb']);
  data.registryTable.grant(
    grantee,
    'WriteRegistry',
    'BatchGetItem',
    'ConditionCheckItem',
    'DeleteItem',
    'GetItem',
    'PutItem',
    'Query',
    'UpdateItem',
  );
  data.evidenceTable.grant(
    grantee,
    'RecordKeyEvents',
    'ConditionCheckItem',
    'GetItem',
    'PutItem',
    'Query',
    'UpdateItem',
  );
}

function grantHolds(grantee: Grantee, data: DataStack): void {
  data.evidence.grantCreate(grantee, Prefix.attestations, Prefix.receipts);
  data.evidence.grantLegalHold(grantee, Prefix.attestations, Prefix.artifacts, Prefix.receipts);
  data.evidenceKey.grantSign(grantee);
  data.dataKey.grantEncryptDecrypt(grantee, ['s3', 'dynamodb']);
  grantRecordEvidence(grantee, data);
}

/** `countersign reindex` works on the bucket and the tables directly: it must run when nothing else does. */
function grantOperator(grantee: Grantee, data: DataStack): void {
  data.evidence.grantList(grantee);
  data.evidence.grantRead(grantee, Prefix.attestations, Prefix.artifacts, Prefix.receipts, Prefix.keys);
  data.dataKey.grantEncryptDecrypt(grantee, ['s3', 'dynamodb']);
  data.evidenceKey.grantGetPublicKey(grantee);
  data.evidenceTable.grant(grantee, 'RebuildEvidenceTable', 'BatchWriteItem', 'PutItem', 'Query');
  data.registryTable.grant(grantee, 'RebuildRegistryTable', 'BatchWriteItem', 'PutItem', 'Query');
}

/** An auditor may fetch evidence past our API, to check that the API does not lie. */
function grantAuditor(grantee: Grantee, data: DataStack): void {
  data.evidence.grantRead(grantee, Prefix.attestations, Prefix.artifacts, Prefix.receipts, Prefix.keys);
  data.evidence.grantList(grantee);
  data.dataKey.grantDecrypt(grantee, ['s3']);
  data.evidenceKey.grantGetPublicKey(grantee);
}

function grantInvoke(grantee: Grantee, functionArn: string): void {
  grantee.allow({ sid: 'StartVerifier', actions: ['lambda:InvokeFunction'], resources: [functionArn] });
}
