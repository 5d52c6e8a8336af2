import { isDeepStrictEqual } from 'node:util';
import { statementsIn } from '../policy-statements.ts';
import { referenceIn, referencesIn } from '../template-view.ts';
import { type Check, problem, unless, unlessSame, unlessWithin } from './check.ts';

const DAY_SECONDS = 86_400;
const TWELVE_HOURS_SECONDS = 43_200;
const RETENTION_DAYS = 14;

/** Every queue, with where SQS redrives to; a dead-letter queue redrives nowhere. */
const DEAD_LETTERS: Readonly<Record<string, string | undefined>> = {
  UndeliveredEventsQueue: undefined,
  EventsDeadLettersQueue: undefined,
  EventsQueue: 'EventsDeadLettersQueue',
  DeadLettersQueue: undefined,
  DeliveriesQueue: 'DeadLettersQueue',
  RetriesQueue: 'DeadLettersQueue',
  CapturesDeadLettersQueue: undefined,
  CapturesQueue: 'CapturesDeadLettersQueue',
};

export const QUEUE_CHECKS: readonly Check[] = [
  {
    name: 'queues: those of the design and no others',
    *problems(view) {
      const ids = view.ofType('AWS::SQS::Queue').map(([id]) => id);
      yield* unlessSame('queues', ids, Object.keys(DEAD_LETTERS));
    },
  },
  {
    name: 'queues: each redrives to its dead-letter queue after 1000 receives, or is one',
    *problems(view) {
      for (const [id, { Properties }] of view.ofType('AWS::SQS::Queue')) {
        const target = DEAD_LETTERS[id];
        const arn = target === undefined ? undefined : { 'Fn::GetAtt': [target, 'Arn'] };
        // 1000 is the most that SQS takes (SQS Developer Guide, "Configure a dead-letter queue").
        const redrive = arn && { deadLetterTargetArn: arn, maxReceiveCount: 1000 };
        yield* unless(id, 'RedrivePolicy', Properties.RedrivePolicy, redrive);
      }
    },
  },
  {
    name: 'queues: messages stay 14 days, events 4',
    *problems(view) {
      for (const [id, { Properties }] of view.ofType('AWS::SQS::Queue')) {
        const days = id === 'EventsQueue' ? 4 : RETENTION_DAYS;
        yield* unless(id, 'MessageRetentionPeriod', Properties.MessageRetentionPeriod, days * DAY_SECONDS);
      }
    },
  },
  {
    name: 'queues: visibility and delay within the limits of SQS, and no FIFO',
    *problems(view) {
      for (const [id, { Properties }] of view.ofType('AWS::SQS::Queue')) {
        const { VisibilityTimeout = 30, DelaySeconds, FifoQueue } = Properties;
        yield* unlessWithin(id, 'VisibilityTimeout', VisibilityTimeout, [0, TWELVE_HOURS_SECONDS]);
        yield* unless(id, 'DelaySeconds', DelaySeconds, undefined);
        yield* unless(id, 'FifoQueue', FifoQueue, undefined);
      }
    },
  },
  {
    name: 'queues: each is encrypted',
    *problems(view) {
      for (const [id, { Properties }] of view.ofType('AWS::SQS::Queue')) {
        yield* unless(id, 'SqsManagedSseEnabled', Properties.SqsManagedSseEnabled, true);
      }
    },
  },
  {
    name: 'queues: each refuses plain HTTP',
    *problems(view) {
      const statements = statementsIn(view, 'AWS::SQS::QueuePolicy');
      for (const [id] of view.ofType('AWS::SQS::Queue')) {
        const refusals = statements.filter(
          ({ policyId, effect, actions, resources, principal, condition }) =>
            effect === 'Deny' &&
            isDeepStrictEqual(actions, ['sqs:*']) &&
            isDeepStrictEqual(principal, { AWS: '*' }) &&
            referenceIn(resources) === id &&
            referencesIn(view.resource(policyId).Properties.Queues).has(id) &&
            isDeepStrictEqual(condition, { Bool: { 'aws:SecureTransport': 'false' } }),
        );
        yield* unless(id, 'number of statements that refuse plain HTTP', refusals.length, 1);
      }
    },
  },
  {
    name: 'queues: each stays behind when a template change replaces it',
    *problems(view) {
      for (const [id, { UpdateReplacePolicy }] of view.ofType('AWS::SQS::Queue')) {
        if (UpdateReplacePolicy !== 'Retain') yield problem(id, `UpdateReplacePolicy is ${UpdateReplacePolicy}`);
      }
    },
  },
];
