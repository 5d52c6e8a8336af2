import { referenceIn } from '../template-view.ts';
import { type Check, problem, unless, unlessWithin } from './check.ts';

/** Every event source mapping: from which queue to which function. */
const MAPPINGS: Readonly<Record<string, readonly [queue: string, consumer: string]>> = {
  EventsMapping: ['EventsQueue', 'FanOut'],
  DeliveriesMapping: ['DeliveriesQueue', 'Deliver'],
  RetriesMapping: ['RetriesQueue', 'Deliver'],
  DeadLettersMapping: ['DeadLettersQueue', 'DeadLetter'],
};

// Lambda's advice, since a throttled batch is retried within it (Lambda Developer Guide, "Using Lambda with SQS").
const VISIBILITY_TIMES_TIMEOUT = 6;

export const MAPPING_CHECKS: readonly Check[] = [
  {
    name: 'mappings: one for each queue that is consumed, to its consumer',
    *problems(view) {
      const wired = view
        .ofType('AWS::Lambda::EventSourceMapping')
        .map(([id, { Properties }]) => [
          id,
          [referenceIn(Properties.EventSourceArn), referenceIn(Properties.FunctionName)],
        ]);
      yield* unless('mappings', 'wiring', Object.fromEntries(wired), MAPPINGS);
    },
  },
  {
    name: 'mappings: single failures are reported, in batches of ten without a window or a filter',
    *problems(view) {
      for (const [id, { Properties }] of view.ofType('AWS::Lambda::EventSourceMapping')) {
        yield* unless(id, 'FunctionResponseTypes', Properties.FunctionResponseTypes, ['ReportBatchItemFailures']);
        yield* unless(id, 'BatchSize', Properties.BatchSize, 10);
        for (const name of ['MaximumBatchingWindowInSeconds', 'FilterCriteria', 'ProvisionedPollerConfig']) {
          if (name in Properties) yield problem(id, `has ${name}`);
        }
      }
    },
  },
  {
    name: 'mappings: concurrency within the limits of Lambda',
    *problems(view) {
      for (const [id, { Properties }] of view.ofType('AWS::Lambda::EventSourceMapping')) {
        const { MaximumConcurrency } = (Properties.ScalingConfig ?? {}) as { readonly MaximumConcurrency?: unknown };
        yield* unlessWithin(id, 'MaximumConcurrency', MaximumConcurrency, [2, 1_000]);
      }
    },
  },
  {
    name: 'mappings: Enabled is unset, so that a pause survives a deploy',
    *problems(view) {
      for (const [id, { Properties }] of view.ofType('AWS::Lambda::EventSourceMapping')) {
        if ('Enabled' in Properties) yield problem(id, 'sets Enabled');
      }
    },
  },
  {
    name: 'mappings: their queues hide messages for six function timeouts',
    *problems(view) {
      for (const [id, { Properties }] of view.ofType('AWS::Lambda::EventSourceMapping')) {
        const { VisibilityTimeout } = view.resource(referenceIn(Properties.EventSourceArn)).Properties;
        const { Timeout } = view.resource(referenceIn(Properties.FunctionName)).Properties;
        if (!(Number(VisibilityTimeout) >= VISIBILITY_TIMES_TIMEOUT * Number(Timeout))) {
          yield problem(id, `hides messages for ${VisibilityTimeout} s, while its function runs ${Timeout} s`);
        }
      }
    },
  },
];
