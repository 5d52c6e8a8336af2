import { createControlBucket } from '../../lambdas/adapters/control-bucket/control-bucket.ts';
import { parseDueMarker } from '../../lambdas/domain/due-marker/due-marker.ts';
import { type ChecklistItem, fail, pass } from './item.ts';
import { ageInWords } from './waiting-messages.ts';

/** The longest `sweepSeconds` there is, and some minutes for the sweep itself. */
const LONGEST_WAIT_MS = 3_600_000 + 300_000;

/** Seen by what it leaves: a sweep that ends deletes the markers that were due before it. */
export const sweeper: ChecklistItem = {
  name: 'sweeper',
  title: 'the sweeper keeps up with what is due',

  async check({ aws, output, now }) {
    const bucket = createControlBucket({ client: aws.s3, bucket: output('ControlBucketName') });
    const [oldest] = await bucket.listMarkers(now());
    const dueMs = oldest === undefined ? undefined : parseDueMarker(oldest);
    if (oldest === undefined || dueMs === undefined) return pass('nothing is due');
    const lateMs = now() - dueMs;
    if (lateMs <= LONGEST_WAIT_MS) return pass(`the oldest marker is due since ${ageInWords(lateMs)}`);
    return fail(
      `${oldest} has been due for ${ageInWords(lateMs)}: retries that were parked are not being sent`,
      'look at the errors of the Sweeper function, whether its schedule is enabled, and at schema and service-login',
    );
  },

  fixWhenUnanswered: () => 'your credentials need s3:ListBucket on the control bucket',
};
