import { writeFileSync } from 'node:fs';
import { FILES, type Run } from './pipeline.ts';
import { attestReview } from './reviews.ts';
import type { Accepted, Scene } from './scene.ts';

interface Bundle {
  readonly dsseEnvelope: { readonly payload: string };
}

/** What must not become evidence does not: a statement that is there already, a forged one, one beyond a key's authority. */
export async function tryWhatIsRefused(scene: Scene, run: Run): Promise<void> {
  const training = scene.signatories['training-pipeline'];
  const { evidence } = run.training;
  const signed = 'as-stored.sigstore.json';
  await scene.auditor.countersign('show', 'evidence', evidence, '--attestation', signed);
  await scene.step(
    'the same statement again',
    async () => {
      const again = await training.json<Accepted>('submit', signed);
      if (again.created || again.evidence !== evidence) throw new Error(`it became evidence again: ${again.evidence}`);
    },
    () => 'answered with its first receipt, nothing is written',
  );
  await scene.step(
    'a forged manifest',
    () => {
      writeFileSync(scene.path('forged.sigstore.json'), JSON.stringify(withAnotherModel(scene, signed)));
      return training.refused('SIGNATURE_INVALID', 'submit', 'forged.sigstore.json');
    },
    (refusal) => refusal,
  );
  await scene.step(
    'a privacy review by the training pipeline',
    () => {
      const review = attestReview('privacy_reviewed.scai.json');
      return training.refused('KEY_NOT_AUTHORIZED', ...review, '--save', 'beyond-authority.sigstore.json');
    },
    (refusal) => refusal,
  );
}

/** The signed manifest, naming another model than the one that was signed. */
function withAnotherModel(scene: Scene, file: string): Bundle {
  const bundle = scene.read<Bundle>(file);
  const payload = Buffer.from(bundle.dsseEnvelope.payload, 'base64').toString('utf8');
  const forged = Buffer.from(payload.replaceAll(scene.digest(FILES.model), 'f'.repeat(64))).toString('base64');
  return { ...bundle, dsseEnvelope: { ...bundle.dsseEnvelope, payload: forged } };
}
