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
    const arns = await asideQueues(site);
    const queues = await Promise.all(
      arns.map(async (arn) => {
        const url = await urlOf(site, arn);
        return { arn, url, ...(await readWaitingMessages(sqs, url, site.now)) };
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
      filled.map(({ arn, url }) => fixFor(site, arn, url)).join('; '),
    );
  },

  fixWhenUnanswered: () =>
    'your credentials need sqs:GetQueueAttributes, sqs:GetQueueUrl, sqs:ReceiveMessage and events:ListTargetsByRule',
};

/** Those of the events and captures queues (deliveries and retries share one that a function reads), and the rule's. */
async function asideQueues(site: Site): Promise<readonly string[]> {
  const [rules, ...redriven] = await Promise.all([
    readIngressRules(site),
    deadLetterArnOf(site, 'EventsQueueUrl'),
    deadLetterArnOf(site, 'CapturesQueueUrl'),
  ]);
  const undelivered = rules.map(({ target }) => target.DeadLetterConfig?.Arn);
  return [...redriven, ...undelivered].filter((arn) => arn !== undefined);
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

/** SQS moves back what it moved; what EventBridge put aside has no source queue, and is named as its destination. */
function fixFor(site: Site, arn: string, url: string): string {
  const look = site.awsCommand('sqs', `receive-message --queue-url ${url} --visibility-timeout 0`);
  const move = site.awsCommand('sqs', `start-message-move-task --source-arn ${arn}`);
  return `look at one (${look}), mend the cause, then put them back: ${move}`;
}

function nameOf(arn: string): string {
  return arn.split(':').at(-1) ?? arn;
}
