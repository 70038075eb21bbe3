import { CreateAliasCommand, CreateKeyCommand, EnableKeyRotationCommand } from '@aws-sdk/client-kms';
import { TemplateError } from '../properties.ts';
import type { Maker, Makers } from './maker.ts';

const SPECS = [
  'SYMMETRIC_DEFAULT',
  'ECC_NIST_P256',
  'ECC_NIST_P384',
  'HMAC_256',
  'RSA_2048',
  'RSA_3072',
  'RSA_4096',
] as const;
const USAGES = ['ENCRYPT_DECRYPT', 'SIGN_VERIFY', 'GENERATE_VERIFY_MAC'] as const;

const key: Maker = async (properties, { cloud, logicalId }) => {
  const { KeyMetadata: made } = await cloud.clients.kms.send(
    new CreateKeyCommand({
      Description: properties.optionalText('Description'),
      KeySpec: properties.has('KeySpec') ? properties.oneOf('KeySpec', SPECS) : 'SYMMETRIC_DEFAULT',
      KeyUsage: properties.has('KeyUsage') ? properties.oneOf('KeyUsage', USAGES) : 'ENCRYPT_DECRYPT',
      Policy: JSON.stringify(properties.value('KeyPolicy')),
    }),
  );
  properties.ignore('PendingWindowInDays', 'Tags');
  if (made?.KeyId === undefined || made.Arn === undefined) throw new TemplateError(`${logicalId}: no key was made`);
  if (properties.flag('EnableKeyRotation')) {
    await cloud.clients.kms.send(new EnableKeyRotationCommand({ KeyId: made.KeyId }));
  }
  return { ref: made.KeyId, attributes: { Arn: made.Arn, KeyId: made.KeyId } };
};

const alias: Maker = async (properties, { cloud }) => {
  const name = properties.text('AliasName');
  await cloud.clients.kms.send(
    new CreateAliasCommand({ AliasName: name, TargetKeyId: properties.text('TargetKeyId') }),
  );
  return { ref: name };
};

export const kmsMakers: Makers = { 'AWS::KMS::Key': key, 'AWS::KMS::Alias': alias };
