import { randomUUID } from 'node:crypto';
import { DeleteObjectCommand, GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { type ChecklistItem, fail, pass } from './item.ts';

export const controlBucket: ChecklistItem = {
  name: 'control-bucket',
  title: 'the control bucket takes, gives and deletes an object',

  async check({ aws: { s3 }, output }) {
    const Bucket = output('ControlBucketName');
    const text = randomUUID();
    const place = { Bucket, Key: `checklist/${text}` };
    await s3.send(new PutObjectCommand({ ...place, Body: text }));
    const { Body } = await s3.send(new GetObjectCommand(place));
    const read = await Body?.transformToString();
    await s3.send(new DeleteObjectCommand(place));
    if (read === text) return pass(`${Bucket} is writable`);
    return fail(
      `${Bucket} gave back another object than was written`,
      'look for a proxy or an endpoint variable between here and S3',
    );
  },

  fixWhenUnanswered: ({ output }) =>
    `your credentials need s3:PutObject, s3:GetObject and s3:DeleteObject on arn:aws:s3:::${output('ControlBucketName')}/checklist/*; the bucket policy allows TLS alone. A bucket that is gone must be made again by hand, under its old name`,
};
