import { referenceIn } from '../template-view.ts';
import { type Check, problem, unless, unlessSame, unlessWithin } from './check.ts';

const TARGETS: Readonly<Record<string, string>> = { SweepSchedule: 'Sweeper', DailySchedule: 'Daily' };

// Source: EventBridge Scheduler User Guide, "Schedule types": rate(value unit) and cron with six fields.
const EXPRESSION = /^(rate\((1 (minute|hour|day)|([2-9]|[1-9]\d+) (minutes|hours|days))\)|cron\((\S+ ){5}\S+\))$/;

export const SCHEDULE_CHECKS: readonly Check[] = [
  {
    name: 'schedules: each wakes its function, is on, and at the exact time',
    *problems(view) {
      const schedules = view.ofType('AWS::Scheduler::Schedule');
      yield* unlessSame(
        'schedules',
        schedules.map(([id]) => id),
        Object.keys(TARGETS),
      );
      for (const [id, { Properties }] of schedules) {
        const { Arn } = (Properties.Target ?? {}) as { readonly Arn?: unknown };
        yield* unless(id, 'target', Arn, { 'Fn::GetAtt': [TARGETS[id], 'Arn'] });
        yield* unless(id, 'State', Properties.State, 'ENABLED');
        yield* unless(id, 'FlexibleTimeWindow', Properties.FlexibleTimeWindow, { Mode: 'OFF' });
      }
    },
  },
  {
    name: 'schedules: their expressions are such as EventBridge Scheduler reads',
    *problems(view) {
      for (const [id, { Properties }] of view.ofType('AWS::Scheduler::Schedule')) {
        const { ScheduleExpression, ScheduleExpressionTimezone } = Properties;
        if (!EXPRESSION.test(String(ScheduleExpression))) yield problem(id, `is at ${ScheduleExpression}`);
        yield* unless(id, 'ScheduleExpressionTimezone', ScheduleExpressionTimezone, 'Etc/UTC');
      }
      const { ScheduleExpression } = view.resource('DailySchedule').Properties;
      // After midnight UTC, when a new day's partition begins.
      yield* unless('DailySchedule', 'ScheduleExpression', ScheduleExpression, 'cron(10 0 * * ? *)');
    },
  },
  {
    name: 'schedules: a failed start is tried again, within limits',
    *problems(view) {
      for (const [id, { Properties }] of view.ofType('AWS::Scheduler::Schedule')) {
        const { RetryPolicy } = (Properties.Target ?? {}) as { readonly RetryPolicy?: Record<string, unknown> };
        // Source: EventBridge Scheduler API Reference, RetryPolicy.
        yield* unlessWithin(id, 'MaximumEventAgeInSeconds', RetryPolicy?.MaximumEventAgeInSeconds, [60, 86_400]);
        yield* unlessWithin(id, 'MaximumRetryAttempts', RetryPolicy?.MaximumRetryAttempts, [1, 185]);
      }
    },
  },
  {
    name: 'schedules: the exact period of the sweeper is noted for one machine',
    *problems(view) {
      const { Metadata } = view.resource('SweepSchedule');
      yield* unlessWithin('SweepSchedule', 'period in seconds', Metadata?.['tidegate:everySeconds'], [1, 3_600]);
    },
  },
  {
    name: 'schedules: each has a role of its own',
    *problems(view) {
      for (const [id, { Properties }] of view.ofType('AWS::Scheduler::Schedule')) {
        const { RoleArn } = (Properties.Target ?? {}) as { readonly RoleArn?: unknown };
        yield* unless(id, 'role', view.resources.get(referenceIn(RoleArn))?.Type, 'AWS::IAM::Role');
      }
    },
  },
];
