import { ListRulesCommand, ListTargetsByRuleCommand, type Rule, type Target } from '@aws-sdk/client-eventbridge';
import { GetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import type { Site } from './site.ts';

export interface IngressRule {
  readonly rule: Rule;
  /** The one that is the events queue. */
  readonly target: Target;
}

/** The rules of the bus that carry events to the events queue; there are others, such as the archive's own. */
export async function readIngressRules({ aws, output }: Site): Promise<readonly IngressRule[]> {
  const EventBusName = output('BusName');
  const [{ Rules = [] }, queueArn] = await Promise.all([
    aws.events.send(new ListRulesCommand({ EventBusName })),
    readQueueArn(aws, output('EventsQueueUrl')),
  ]);
  const found = await Promise.all(
    Rules.map(async (rule) => {
      const command = new ListTargetsByRuleCommand({ EventBusName, Rule: rule.Name });
      const { Targets = [] } = await aws.events.send(command);
      return Targets.filter(({ Arn }) => Arn === queueArn).map((target) => ({ rule, target }));
    }),
  );
  return found.flat();
}

async function readQueueArn({ sqs }: Site['aws'], QueueUrl: string): Promise<string | undefined> {
  const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }));
  return Attributes?.QueueArn;
}
