import { parseBundle } from '../../core/bundle.ts';
import { canonicalBytes } from '../../core/canonical.ts';
import { sha256Hex } from '../../core/digest.ts';
import { DomainError } from '../../core/errors.ts';
import { parseStrictJson } from '../../core/json.ts';
import { objectKey } from '../../core/layout.ts';
import {
  concernedBy,
  type MirroredModel,
  type PackageStatus,
  packageCard,
  packageGroup,
  packageProperties,
  releasedStatus,
  unreleasedStatus,
} from '../../core/model-package.ts';
import type { Promotion } from '../../core/promotion.ts';
import type { RecordedRelease } from '../../core/release.ts';
import { parseStatement } from '../../core/statement.ts';
import { provenReleases } from '../gate/releases.ts';
import type { WaiverDeps } from '../gate/waivers.ts';
import { storedBytes } from '../stored-bytes.ts';
import type { Promotions } from './ports.ts';
import { LOOKED_BACK, type Releases } from './releases.ts';
import { requirePromotion } from './state.ts';

/** A version as it is made. */
export interface NewPackage {
  readonly promotion: string;
  readonly image: string;
  /** `s3://` URI of the model.tar.gz. */
  readonly data: string;
  readonly properties: Readonly<Record<string, string>>;
  /** Content of its model card; undefined: it has none. */
  readonly card: string | undefined;
}

/** A version as it is found. */
export interface PackageVersion {
  readonly arn: string;
  readonly status: string;
}

/** SageMaker's Model Registry. */
export interface ModelPackages {
  /** Makes the group unless it is there. */
  ensureGroup(group: string): Promise<void>;
  /** The version of a promotion; one that was made this second may be missing. `no-group`: there is none of that name. */
  find(group: string, promotion: string): Promise<PackageVersion | 'no-group' | undefined>;
  /** Makes a version that waits for a decision. The same of the same promotion makes no second one. @returns its ARN */
  create(group: string, version: NewPackage): Promise<string>;
  decide(arn: string, status: PackageStatus, why: string): Promise<void>;
}

export interface MirrorDeps extends WaiverDeps {
  readonly promotions: Pick<Promotions, 'find'>;
  readonly releases: Pick<Releases, 'list'>;
  readonly packages: ModelPackages;
  /** What the names of our groups begin with. */
  readonly prefix: string;
  /** The evidence bucket. */
  readonly bucket: string;
}

/** How often a version is decided anew because the releases changed meanwhile. */
const ATTEMPTS = 5;

/**
 * Has the SageMaker Model Registry say what our records say of a promotion that ended. What is written follows from the records at
 * this moment and from no event, so events may come twice and in any order.
 *
 * Crash anywhere: the event is tried again, and each step finds what it did. A version that was made and not decided waits as
 * PendingManualApproval, which lets nothing through.
 *
 * @returns the versions that were decided, by promotion
 * @throws DomainError INTEGRITY_FAILURE when the records of releases are not what was signed
 */
export async function mirrorPromotion(deps: MirrorDeps, id: string): Promise<Readonly<Record<string, PackageStatus>>> {
  const promotion = await requirePromotion(deps.promotions, id);
  const decided: Record<string, PackageStatus> = {};
  const releases = await releasesOf(deps, promotion.endpoint);
  for (const concerned of concernedBy(promotion, releases)) {
    const status = await mirrorOne(deps, promotion, concerned, releases);
    if (status) decided[concerned] = status;
  }
  return decided;
}

async function mirrorOne(
  deps: MirrorDeps,
  ended: Promotion,
  id: string,
  read: readonly RecordedRelease[],
): Promise<PackageStatus | undefined> {
  let releases = read;
  let written: PackageVersion | undefined;
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const mirrored = mirroredModel(ended, id, releases);
    const status = releasedStatus(id, releases) ?? (id === ended.id ? unreleasedStatus(ended) : undefined);
    if (!mirrored || !status) return undefined;
    // Who decides last has looked at the releases after that, so that of two runs at once the later truth stays.
    if (written?.status === status) return status;
    const version = written ?? (await versionOf(deps, mirrored));
    if (version.status !== status) await deps.packages.decide(version.arn, status, whyOf(mirrored, status));
    written = { arn: version.arn, status };
    releases = await releasesOf(deps, ended.endpoint, releases);
  }
  throw new DomainError('REVISION_CONFLICT', `the releases of ${ended.endpoint} change all the time`);
}

/**
 * The releases of an endpoint, newest first, each as its signed statement says: an approval there lets a model through elsewhere.
 * What was rolled back further ago stays as it was mirrored.
 *
 * @param before - that were proven a moment ago: the same rows are not proven again
 */
async function releasesOf(
  deps: MirrorDeps,
  endpoint: string,
  before?: readonly RecordedRelease[],
): Promise<readonly RecordedRelease[]> {
  const { items } = await deps.releases.list(endpoint, { limit: LOOKED_BACK });
  if (before && canonicalBytes(items).equals(canonicalBytes(before))) return before;
  const proven = await provenReleases(deps, { known: true, items }, undefined);
  if (!proven.known) {
    throw new DomainError('INTEGRITY_FAILURE', `the releases of ${endpoint} are not proven: ${proven.code}`);
  }
  return items;
}

function mirroredModel(ended: Promotion, id: string, releases: readonly RecordedRelease[]): MirroredModel | undefined {
  const release = releases.find(({ promotion }) => promotion === id);
  if (release?.served) {
    const { endpoint, environment, evidence, served } = release;
    const { model, image, card } = served;
    return { promotion: id, endpoint, environment, model, image, card, release: evidence };
  }
  if (release || id !== ended.id || ended.release !== null) return undefined;
  const { endpoint, environment, model, image } = ended;
  return { promotion: id, endpoint, environment, model, image, card: null, release: null };
}

async function versionOf(deps: MirrorDeps, mirrored: MirroredModel): Promise<PackageVersion> {
  const { promotion, endpoint, model, image } = mirrored;
  const group = packageGroup(deps.prefix, endpoint);
  const found = await deps.packages.find(group, promotion);
  if (found === 'no-group') await deps.packages.ensureGroup(group);
  else if (found) return found;
  const data = `s3://${deps.bucket}/${objectKey.artifact(model)}`;
  const properties = packageProperties(mirrored);
  const card = await cardOf(deps, mirrored, data);
  const arn = await deps.packages.create(group, { promotion, image, data, properties, card });
  return { arn, status: 'PendingManualApproval' };
}

/** The card that the release names by its digest; undefined where it cannot be had: the mirror goes on without. */
async function cardOf(deps: MirrorDeps, mirrored: MirroredModel, data: string): Promise<string | undefined> {
  if (mirrored.card === null) return undefined;
  const record = (await deps.ledger.findMany([mirrored.card])).get(mirrored.card);
  const bytes = record && (await storedBytes(deps.store, record));
  if (!bytes || sha256Hex(bytes) !== mirrored.card) return undefined;
  const { payload } = parseBundle(parseStrictJson(bytes));
  const { predicate } = parseStatement(parseStrictJson(payload));
  return packageCard(predicate, data, packageProperties(mirrored));
}

function whyOf({ promotion, release }: MirroredModel, status: PackageStatus): string {
  if (release === null) return `Promotion ${promotion} was denied`;
  return status === 'Approved' ? `Released: evidence ${release}` : `Rolled back after release ${release}`;
}
