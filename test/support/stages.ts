import type { Json } from '../../lib/core/json.ts';
import type { ControlPlane } from './control-plane.ts';
import type { TestKey } from './keys.ts';
import { aManifest, digestOf, signedBundle } from './manifests.ts';

type Changes = Readonly<Record<string, Json | undefined>>;

export const resource = (name: string) => ({ name, sha256: digestOf(name) });

/** Posts manifests of the training pipeline, a second apart; each answers with the digest of its evidence. */
export function stages(of: () => ControlPlane & { readonly key: TestKey }) {
  const post = async (changes: Changes = {}): Promise<string> => {
    const plane = of();
    plane.clock.advance(1000);
    const manifest = aManifest({ timestamp: plane.clock.now().toISOString(), ...changes });
    return (await plane.submit(signedBundle(manifest, plane.key))).record.sha256;
  };
  /** One stage that made `to` of `from`. */
  const made = (from: string, to: string, changes: Changes = {}): Promise<string> =>
    post({
      stage: 'preprocess',
      dataset: undefined,
      model: undefined,
      inputs: [resource(from)],
      outputs: [resource(to)],
      ...changes,
    });
  return { post, made };
}
