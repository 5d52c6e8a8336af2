import { Construct } from 'constructs';
import { MessageQueue } from './message-queue.ts';

export interface QueuesProps {
  /** Timeout of every function that a queue feeds. */
  readonly consumerTimeoutSeconds: number;
}

// Four days for events: their idempotency keys are kept for seven. Fourteen is the most that SQS keeps anything.
const EVENTS_RETENTION_DAYS = 4;
const RETENTION_DAYS = 14;

/** All queues (design section 1). */
export class Queues extends Construct {
  readonly events: MessageQueue;
  readonly eventsDeadLetters: MessageQueue;
  /** What the rule could not put on `events` within a day. */
  readonly undeliveredEvents: MessageQueue;
  readonly deliveries: MessageQueue;
  readonly retries: MessageQueue;
  /** Exhausted deliveries (put there by the deliver function) and unexplained ones (redriven by SQS), of both lanes. */
  readonly deadLetters: MessageQueue;
  readonly captures: MessageQueue;
  readonly capturesDeadLetters: MessageQueue;

  constructor(scope: Construct, id: string, props: QueuesProps) {
    super(scope, id);
    const { consumerTimeoutSeconds } = props;
    const aside = (name: string) => new MessageQueue(this, name, { retentionDays: RETENTION_DAYS });
    this.undeliveredEvents = aside('UndeliveredEventsQueue');
    this.eventsDeadLetters = aside('EventsDeadLettersQueue');
    this.events = new MessageQueue(this, 'EventsQueue', {
      retentionDays: EVENTS_RETENTION_DAYS,
      consumerTimeoutSeconds,
      deadLetters: this.eventsDeadLetters,
    });
    this.deadLetters = new MessageQueue(this, 'DeadLettersQueue', {
      retentionDays: RETENTION_DAYS,
      consumerTimeoutSeconds,
    });
    const lane = (name: string, deadLetters: MessageQueue) =>
      new MessageQueue(this, name, { retentionDays: RETENTION_DAYS, consumerTimeoutSeconds, deadLetters });
    this.deliveries = lane('DeliveriesQueue', this.deadLetters);
    this.retries = lane('RetriesQueue', this.deadLetters);
    this.capturesDeadLetters = aside('CapturesDeadLettersQueue');
    this.captures = lane('CapturesQueue', this.capturesDeadLetters);
  }
}
