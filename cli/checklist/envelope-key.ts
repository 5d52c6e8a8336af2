import { DescribeKeyCommand, GetKeyRotationStatusCommand } from '@aws-sdk/client-kms';
import { type ChecklistItem, fail, pass } from './item.ts';

export const envelopeKey: ChecklistItem = {
  name: 'envelope-key',
  title: 'the KMS key is enabled and rotates',

  async check({ aws, output, awsCommand }) {
    const KeyId = output('KeyArn');
    const [{ KeyMetadata }, { KeyRotationEnabled }] = await Promise.all([
      aws.kms.send(new DescribeKeyCommand({ KeyId })),
      aws.kms.send(new GetKeyRotationStatusCommand({ KeyId })),
    ]);
    const state = KeyMetadata?.KeyState ?? 'unknown';
    if (state === 'PendingDeletion') {
      return fail(
        `${KeyId} will be deleted at ${KeyMetadata?.DeletionDate?.toISOString()}, and every webhook secret with it`,
        `at once: ${awsCommand('kms', `cancel-key-deletion --key-id ${KeyId}`)}; then ${awsCommand('kms', `enable-key --key-id ${KeyId}`)}`,
      );
    }
    if (state !== 'Enabled') {
      return fail(`${KeyId} is ${state}`, awsCommand('kms', `enable-key --key-id ${KeyId}`));
    }
    if (KeyRotationEnabled !== true) {
      return fail(`${KeyId} does not rotate`, awsCommand('kms', `enable-key-rotation --key-id ${KeyId}`));
    }
    return pass('enabled, rotates');
  },

  fixWhenUnanswered: () =>
    'your credentials need kms:DescribeKey and kms:GetKeyRotationStatus, by their own policy and by the key policy',
};
