import { Construct } from 'constructs';
import type { Context } from '../lambdas/domain/configuration/context.ts';
import { type Settings, settingsSchema } from '../lambdas/domain/configuration/settings.ts';
import type { CodeOf } from './function-bundles.ts';
import { TidegateFunction, type TidegateFunctionProps } from './tidegate-function.ts';

export interface FunctionsProps {
  readonly codeOf: CodeOf;
  readonly context: Context;
}

// An HTTP API gives up after 30 s (API Gateway quotas); a second less, and the caller gets our own answer.
const API_TIMEOUT_SECONDS = 29;

/** A resumed database takes up to 15 s to answer, a delivery up to 30 s; what is left is for two writes and a send. */
export const CONSUMER_TIMEOUT_SECONDS = 60;

const SWEEPER_TIMEOUT_SECONDS = 60;
const DAILY_TIMEOUT_SECONDS = 300;

// One less than the most there is (15 min, Lambda quotas): the provider's function, which waits for this one, ends at
// 15, and has to be alive to report the timeout.
const MIGRATE_TIMEOUT_SECONDS = 840;

/** All functions, without any right yet: see the stack for who may do what. */
export class Functions extends Construct {
  readonly publish: TidegateFunction;
  readonly webhooks: TidegateFunction;
  readonly deliveries: TidegateFunction;
  readonly health: TidegateFunction;
  readonly fanOut: TidegateFunction;
  readonly deliver: TidegateFunction;
  readonly deadLetter: TidegateFunction;
  readonly sweeper: TidegateFunction;
  readonly daily: TidegateFunction;
  readonly migrate: TidegateFunction;

  constructor(scope: Construct, id: string, { codeOf, context }: FunctionsProps) {
    super(scope, id);
    const settings = JSON.stringify(settingsSchema.parse(context) satisfies Settings);
    const make = (name: string, props: Omit<TidegateFunctionProps, 'codeOf' | 'settings'>) =>
      new TidegateFunction(this, name, { codeOf, settings, ...props });
    const api = { timeoutSeconds: API_TIMEOUT_SECONDS, memoryMb: 1024 };
    const consumer = { timeoutSeconds: CONSUMER_TIMEOUT_SECONDS, memoryMb: 1024, isResending: true };

    this.publish = make('Publish', { folder: 'publish', description: 'POST /v1/events', ...api });
    this.webhooks = make('Webhooks', { folder: 'webhooks', description: '/v1/webhooks', ...api });
    this.deliveries = make('Deliveries', { folder: 'deliveries', description: '/v1/deliveries and /admin', ...api });
    this.health = make('Health', { folder: 'health', description: '/health and /ready', ...api, memoryMb: 512 });
    this.fanOut = make('FanOut', { folder: 'fan-out', description: 'Events to deliveries', ...consumer });
    this.deliver = make('Deliver', { folder: 'deliver', description: 'Sends deliveries to receivers', ...consumer });
    this.deadLetter = make('DeadLetter', {
      folder: 'dead-letter',
      description: 'Announces exhausted deliveries, parks unexplained ones again',
      ...consumer,
      memoryMb: 512,
    });
    this.sweeper = make('Sweeper', {
      folder: 'sweeper',
      description: 'Enqueues what is due, lost or released',
      timeoutSeconds: SWEEPER_TIMEOUT_SECONDS,
      memoryMb: 512,
      isResending: true,
    });
    this.daily = make('Daily', {
      folder: 'daily',
      description: 'Makes partitions ahead, drops old ones',
      timeoutSeconds: DAILY_TIMEOUT_SECONDS,
      memoryMb: 512,
    });
    this.migrate = make('Migrate', {
      folder: 'migrate',
      description: 'Brings the schema to the head of the migrations',
      timeoutSeconds: MIGRATE_TIMEOUT_SECONDS,
      memoryMb: 512,
    });
  }
}
