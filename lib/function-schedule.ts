import { Duration } from 'aws-cdk-lib';
import { type CfnSchedule, Schedule, type ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';
import { LambdaInvoke } from 'aws-cdk-lib/aws-scheduler-targets';
import type { Construct } from 'constructs';
import type { TidegateFunction } from './tidegate-function.ts';

export interface FunctionScheduleProps {
  readonly schedule: ScheduleExpression;
  readonly target: TidegateFunction;
  readonly description: string;
  /** A run that could not be started within this is left to the next one. */
  readonly maxLateness: Duration;
}

/** Wakes a function by the clock. */
export class FunctionSchedule extends Schedule {
  constructor(scope: Construct, id: string, props: FunctionScheduleProps) {
    super(scope, id, {
      schedule: props.schedule,
      description: props.description,
      target: new LambdaInvoke(props.target, { maxEventAge: props.maxLateness, retryAttempts: 3 }),
    });
    this.cfnSchedule.overrideLogicalId(id);
  }

  /**
   * Notes a period that EventBridge Scheduler cannot express (whole minutes only), for who runs this template on one
   * machine. As metadata: it changes nothing in AWS.
   */
  notePeriod(seconds: number): void {
    this.cfnSchedule.addMetadata('tidegate:everySeconds', seconds);
  }

  private get cfnSchedule(): CfnSchedule {
    return this.node.defaultChild as CfnSchedule;
  }
}

/** The shortest period EventBridge Scheduler can keep that is not shorter than asked. */
export function wholeMinutes(seconds: number): Duration {
  return Duration.minutes(Math.max(1, Math.ceil(seconds / 60)));
}
