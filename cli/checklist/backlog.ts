import { type ChecklistItem, fail, pass } from './item.ts';
import { ageInWords, readWaitingMessages } from './waiting-messages.ts';

/** Batches begin within a second; what waits longer than this has no consumer, or one that is far behind. */
const LONGEST_WAIT_MS = 120_000;

// Not retries: a message there may have waited out a backoff for hours, and its age counts from its first enqueue.
const LANES = ['EventsQueueUrl', 'DeliveriesQueueUrl'] as const;

export const backlog: ChecklistItem = {
  name: 'backlog',
  title: 'new events and first attempts do not wait',

  async check({ aws, output, now }) {
    const lanes = await Promise.all(
      LANES.map(async (name) => {
        const url = output(name);
        return { queue: url.split('/').at(-1), ...(await readWaitingMessages(aws.sqs, url, now)) };
      }),
    );
    const late = lanes.filter(({ oldestAgeMs }) => oldestAgeMs > LONGEST_WAIT_MS);
    const inWords = lanes.map(({ queue, count }) => `${queue} ${count} waiting`).join(', ');
    if (late.length === 0) return pass(inWords);
    return fail(
      late
        .map(
          ({ queue, count, oldestAgeMs }) => `${queue} has ${count} waiting, the oldest for ${ageInWords(oldestAgeMs)}`,
        )
        .join(', '),
      'see event-source-mappings and lambda-concurrency; if both pass, look at the errors of FanOut and Deliver, or raise -c databaseMaxCapacity',
    );
  },

  fixWhenUnanswered: () => 'your credentials need sqs:GetQueueAttributes and sqs:ReceiveMessage',
};
