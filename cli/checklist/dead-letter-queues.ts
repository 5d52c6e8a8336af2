import { GetQueueAttributesCommand, GetQueueUrlCommand } from '@aws-sdk/client-sqs';
import { z } from 'zod';
import { readIngressRules } from './ingress-rules.ts';
import { type ChecklistItem, fail, pass } from './item.ts';
import type { Site } from './site.ts';
import { ageInWords, readWaitingMessages } from './waiting-messages.ts';

const redriveSchema = z.object({ deadLetterTargetArn: z.string() });

/**
 * The queues that no function reads: what lies there waits for an operator, and is deleted after 14 days. Exhausted
 * deliveries are not there; they are rows (GET /admin/dead-letters).
 */
export const deadLetterQueues: ChecklistItem = {
  name: 'dead-letter-queues',
  title: 'nothing was put aside',

  async check(site) {
    const { sqs } = site.aws;
    const aside = await asideQueues(site);
    const queues = await Promise.all(
      aside.map(async (queue) => {
        const url = await urlOf(site, queue.arn);
        return { ...queue, url, ...(await readWaitingMessages(sqs, url, site.now)) };
      }),
    );
    const filled = queues.filter(({ count }) => count > 0);
    if (filled.length === 0) return pass(`${queues.length} queues, all empty`);
    return fail(
      filled
        .map(
          ({ arn, count, oldestAgeMs }) => `${nameOf(arn)} holds ${count}, the oldest ${ageInWords(oldestAgeMs)} old`,
        )
        .join(', '),
      filled.map((queue) => fixFor(site, queue, queue.url)).join('; '),
    );
  },

  fixWhenUnanswered: () =>
    'your credentials need sqs:GetQueueAttributes, sqs:GetQueueUrl, sqs:ReceiveMessage and events:ListTargetsByRule',
};

interface AsideQueue {
  readonly arn: string;
  /** EventBridge, for events that the rule could not deliver; else the queue whose consumer failed 1,000 times. */
  readonly filledBy: 'queue' | 'rule';
}

/** Those of the events and captures queues (deliveries and retries share one that a function reads), and the rule's. */
async function asideQueues(site: Site): Promise<readonly AsideQueue[]> {
  const [rules, ...redriven] = await Promise.all([
    readIngressRules(site),
    deadLetterArnOf(site, 'EventsQueueUrl'),
    deadLetterArnOf(site, 'CapturesQueueUrl'),
  ]);
  const of = (filledBy: AsideQueue['filledBy'], arns: readonly (string | undefined)[]) =>
    arns.flatMap((arn) => (arn === undefined ? [] : [{ arn, filledBy }]));
  const undelivered = rules.map(({ target }) => target.DeadLetterConfig?.Arn);
  return [...of('queue', redriven), ...of('rule', undelivered)];
}

async function deadLetterArnOf({ aws, output }: Site, name: string): Promise<string | undefined> {
  const command = new GetQueueAttributesCommand({ QueueUrl: output(name), AttributeNames: ['RedrivePolicy'] });
  const { Attributes } = await aws.sqs.send(command);
  return redriveSchema.safeParse(JSON.parse(Attributes?.RedrivePolicy ?? '{}')).data?.deadLetterTargetArn;
}

async function urlOf({ aws }: Site, arn: string): Promise<string> {
  const { QueueUrl } = await aws.sqs.send(new GetQueueUrlCommand({ QueueName: nameOf(arn) }));
  if (QueueUrl === undefined) throw new Error(`no queue ${arn}`);
  return QueueUrl;
}

/**
 * SQS moves messages out of dead-letter queues of other queues only. Source: SQS API Reference, StartMessageMoveTask.
 */
function fixFor(site: Site, { arn, filledBy }: AsideQueue, url: string): string {
  const look = site.awsCommand('sqs', `receive-message --queue-url ${url} --visibility-timeout 0`);
  const back =
    filledBy === 'queue'
      ? site.awsCommand('sqs', `start-message-move-task --source-arn ${arn}`)
      : `send each body to ${site.output('EventsQueueUrl')} and delete it here (docs/deploy.md has the loop)`;
  return `look at one (${look}), mend the cause, then put them back: ${back}`;
}

function nameOf(arn: string): string {
  return arn.split(':').at(-1) ?? arn;
}
