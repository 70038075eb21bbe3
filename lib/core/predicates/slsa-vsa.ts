import * as z from 'zod/mini';
import { parseWith } from '../schema.ts';
import { facts, type ValidatedPredicate } from './facts.ts';
import { optional, ResourceDescriptor, StringMap, Text, Timestamp, Uri } from './fields.ts';

/** Protobuf JSON writes a 64-bit count as a string. */
const Count = z.union([z.int().check(z.minimum(0)), z.string().check(z.regex(/^\d+$/))], 'must be a count');

/** SLSA verification summary v1 (spec 1.2, "Verification Summary Attestation"). */
const SlsaVsa = z
  .looseObject({
    verifier: z.looseObject({ id: Uri, version: optional(StringMap) }),
    timeVerified: optional(Timestamp),
    resourceUri: Uri,
    policy: ResourceDescriptor.check(
      z.refine(({ uri }) => uri !== undefined, { message: 'must have a uri', path: ['uri'] }),
    ),
    inputAttestations: optional(
      z.array(
        ResourceDescriptor.check(
          z.refine(({ digest }) => Object.keys(digest ?? {}).length > 0, {
            message: 'must have a digest',
            path: ['digest'],
          }),
        ),
      ),
    ),
    verificationResult: z.enum(['PASSED', 'FAILED']),
    verifiedLevels: z.array(Text).check(z.refine(oneLevelPerTrack, 'must hold at most one level per SLSA track')),
    dependencyLevels: optional(z.record(z.string(), Count)),
    slsaVersion: optional(z.string().check(z.regex(/^\d+\.\d+$/, 'must be <MAJOR>.<MINOR>'))),
  })
  .check(
    z.refine(
      ({ verificationResult, verifiedLevels }) =>
        !(verificationResult === 'PASSED' && verifiedLevels.includes('FAILED')),
      {
        message: 'must not hold FAILED when verificationResult is PASSED',
        path: ['verifiedLevels'],
      },
    ),
  );

/** "Users MUST NOT include more than one level per SLSA track." */
function oneLevelPerTrack(levels: readonly string[]): boolean {
  const tracks = levels.flatMap((level) => /^SLSA_(.+)_LEVEL_/.exec(level)?.[1] ?? []);
  return new Set(tracks).size === tracks.length;
}

export function validateSlsaVsa(predicate: unknown): ValidatedPredicate {
  const summary = parseWith(SlsaVsa, predicate, 'PREDICATE_INVALID', '/predicate');
  return facts({
    mentions: [...(summary.inputAttestations ?? []), summary.policy],
    result: summary.verificationResult,
  });
}
