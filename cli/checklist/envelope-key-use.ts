import { randomUUID } from 'node:crypto';
import { DecryptCommand, GenerateDataKeyCommand } from '@aws-sdk/client-kms';
import { type ChecklistItem, fail, pass } from './item.ts';

/** What the functions do with the key: a data key is made and unwrapped again, bound to an account. */
export const envelopeKeyUse: ChecklistItem = {
  name: 'envelope-key-use',
  title: 'data keys can be made and unwrapped',

  async check({ aws, output }) {
    const KeyId = output('KeyArn');
    // Of no account: the pair is the one that the functions use, its value is nobody's.
    const EncryptionContext = { account: `checklist-${randomUUID()}` };
    const made = await aws.kms.send(new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256', EncryptionContext }));
    const opened = await aws.kms.send(
      new DecryptCommand({ KeyId, CiphertextBlob: made.CiphertextBlob, EncryptionContext }),
    );
    const isSame = Buffer.from(made.Plaintext ?? []).equals(Buffer.from(opened.Plaintext ?? []));
    if (isSame) return pass('GenerateDataKey and Decrypt answer, bound to their encryption context');
    return fail('Decrypt gave another key than GenerateDataKey', 'this is a fault of KMS: ask AWS support');
  },

  fixWhenUnanswered: () =>
    'see envelope-key; your credentials need kms:GenerateDataKey and kms:Decrypt. While KMS is away, cold functions put off what they cannot unseal; nothing is lost',
};
