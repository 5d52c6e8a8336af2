import { Aws, Duration, Stack } from 'aws-cdk-lib';
import { Archive, type CfnEventBus, EventBus, type IRuleTarget, Rule } from 'aws-cdk-lib/aws-events';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import type { MessageQueue } from './message-queue.ts';
import type { TidegateFunction } from './tidegate-function.ts';

export interface EventIngressProps {
  readonly events: MessageQueue;
  readonly undelivered: MessageQueue;
}

/** The bus that producers put events on, and the rule that carries each of them to the events queue. */
export class EventIngress extends Construct {
  readonly bus: EventBus;
  readonly rule: Rule;

  constructor(scope: Construct, id: string, props: EventIngressProps) {
    super(scope, id);
    // AWS demands a name; the stack's makes it one a stage.
    this.bus = new EventBus(this, 'Bus', { eventBusName: Stack.of(this).stackName });
    (this.bus.node.defaultChild as CfnEventBus).overrideLogicalId('Bus');
    // A rule needs a pattern; this one holds for whatever is on the bus.
    const everything = { account: [Aws.ACCOUNT_ID] };
    this.rule = new Rule(this, 'ToEventsQueue', { eventBus: this.bus, eventPattern: everything });
    this.rule.addTarget(queueTarget(this.rule, props));
    // The last resort when the queue itself was emptied by mistake: a day can be replayed from here.
    new Archive(this, 'Archive', { sourceEventBus: this.bus, eventPattern: everything, retention: Duration.days(1) });
  }

  /** Lets a function put events on the bus. */
  grantPut(fn: TidegateFunction): void {
    fn.addEnvironment('BUS_NAME', this.bus.eventBusName);
    fn.allow(['events:PutEvents'], this.bus.eventBusArn);
  }
}

/**
 * Not aws-events-targets' SqsQueue, which also lets the rule read the queue's attributes. No message group id: on a
 * target it is one constant for all events (EventBridge User Guide), so it could not tell a noisy account from a quiet
 * one; fairness begins at the deliveries queue, where the sender sets the webhook as the group.
 */
function queueTarget(rule: Rule, { events, undelivered }: EventIngressProps): IRuleTarget {
  for (const queue of [events, undelivered]) {
    queue.addToResourcePolicy(
      new PolicyStatement({
        principals: [new ServicePrincipal('events.amazonaws.com')],
        actions: ['sqs:SendMessage'],
        resources: [queue.queueArn],
        conditions: { ArnEquals: { 'aws:SourceArn': rule.ruleArn } },
      }),
    );
  }
  return {
    bind: () => ({
      arn: events.queueArn,
      deadLetterConfig: { arn: undelivered.queueArn },
      // The most there is (EventBridge User Guide, "Retrying event delivery").
      retryPolicy: { maximumEventAgeInSeconds: Duration.hours(24).toSeconds(), maximumRetryAttempts: 185 },
    }),
  };
}
