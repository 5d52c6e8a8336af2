import { CfnOutput, CfnParameter, Duration, Fn, Stack, type StackProps, Tags } from 'aws-cdk-lib';
import { ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';
import type { Construct } from 'constructs';
import type { Context } from '../lambdas/domain/configuration/context.ts';
import { ControlBucket } from './control-bucket.ts';
import { Database } from './database.ts';
import { EnvelopeKey } from './envelope-key.ts';
import { EventIngress } from './event-ingress.ts';
import type { CodeOf } from './function-bundles.ts';
import { FunctionSchedule, wholeMinutes } from './function-schedule.ts';
import { CONSUMER_TIMEOUT_SECONDS, Functions } from './functions.ts';
import { Migration } from './migration.ts';
import { PublicApi } from './public-api.ts';
import { grantObserve, QueueConsumer } from './queue-consumer.ts';
import { Queues } from './queues.ts';

export interface TidegateStackProps {
  readonly context: Context;
  readonly codeOf: CodeOf;
}

/** One stage of Tidegate: `Tidegate-<stage>`. Here is wiring alone; why each part is as it is stands with the part. */
export class TidegateStack extends Stack {
  private readonly context: Context;
  private readonly functions: Functions;
  private readonly database: Database;
  private readonly key: EnvelopeKey;
  private readonly controlBucket: ControlBucket;
  private readonly queues: Queues;
  private readonly ingress: EventIngress;

  constructor(scope: Construct, { context, codeOf }: TidegateStackProps) {
    super(scope, `Tidegate-${context.stage}`, stackProps(context));
    Tags.of(this).add('application', 'tidegate');
    Tags.of(this).add('stage', context.stage);
    this.context = context;
    this.functions = new Functions(this, 'Functions', { codeOf, context });
    this.database = new Database(this, 'Database', { maxCapacity: context.databaseMaxCapacity });
    this.key = new EnvelopeKey(this, 'Key');
    this.controlBucket = new ControlBucket(this, 'ControlBucket');
    this.queues = new Queues(this, 'Queues', { consumerTimeoutSeconds: CONSUMER_TIMEOUT_SECONDS });
    this.ingress = new EventIngress(this, 'Ingress', {
      events: this.queues.events,
      undelivered: this.queues.undeliveredEvents,
    });

    this.grant();
    this.migrateFirst();
    grantObserve(this.functions.health, this.consume());
    this.schedule();
    this.report(this.serve());
  }

  /** Chosen by CloudFormation: with account and region pinned, CDK would look them up in the account at synth. */
  override get availabilityZones(): string[] {
    return [0, 1].map((index) => Fn.select(index, Fn.getAzs()));
  }

  /** Who may do what; each grant also sets the variable that names the resource. */
  private grant(): void {
    const { publish, webhooks, deliveries, health, fanOut, deliver, deadLetter, sweeper, daily, migrate } =
      this.functions;
    for (const fn of [webhooks, deliveries, health, fanOut, deliver, deadLetter, sweeper, daily]) {
      this.database.grantStatements(fn);
    }
    this.database.grantMigration(migrate);
    this.database.grantDescribe(health);

    for (const fn of [publish, deadLetter]) this.ingress.grantPut(fn);
    this.queues.deliveries.grantSend(fanOut, 'DELIVERIES_QUEUE_URL');
    for (const fn of [deliveries, fanOut, deliver, sweeper]) this.queues.retries.grantSend(fn, 'RETRIES_QUEUE_URL');
    // Nothing may expire while messages wait unseen: the sweeper looks at the retries queue first.
    this.queues.retries.grantMeasure(sweeper);
    for (const fn of [deliver, sweeper]) this.queues.deadLetters.grantSend(fn, 'DEAD_LETTERS_QUEUE_URL');

    this.key.grantSeal(webhooks);
    this.key.grantOpen(deliver);

    for (const fn of [webhooks, deliveries, fanOut, deliver, deadLetter, sweeper, daily]) {
      this.controlBucket.grantMark(fn);
    }
    this.controlBucket.grantSweep(sweeper);
    this.controlBucket.grantWriteState(migrate);
    this.controlBucket.grantReadState(health);
  }

  private migrateFirst(): void {
    const { webhooks, deliveries, health, fanOut, deliver, deadLetter, sweeper, daily, migrate } = this.functions;
    const migration = new Migration(this, 'Migration', { database: this.database, migrate });
    for (const fn of [webhooks, deliveries, health, fanOut, deliver, deadLetter, sweeper, daily]) {
      migration.mustPrecede(fn);
    }
    migration.tellHead(health);
  }

  private consume(): readonly QueueConsumer[] {
    const { fanOut, deliver, deadLetter } = this.functions;
    const { fanOutMaxConcurrency, deliveriesMaxConcurrency, retriesMaxConcurrency } = this.context;
    return [
      new QueueConsumer(this, 'EventsMapping', {
        queue: this.queues.events,
        consumer: fanOut,
        maxConcurrency: fanOutMaxConcurrency,
      }),
      new QueueConsumer(this, 'DeliveriesMapping', {
        queue: this.queues.deliveries,
        consumer: deliver,
        maxConcurrency: deliveriesMaxConcurrency,
      }),
      new QueueConsumer(this, 'RetriesMapping', {
        queue: this.queues.retries,
        consumer: deliver,
        maxConcurrency: retriesMaxConcurrency,
      }),
      // The least there is: a dead letter can wait.
      new QueueConsumer(this, 'DeadLettersMapping', {
        queue: this.queues.deadLetters,
        consumer: deadLetter,
        maxConcurrency: 2,
      }),
    ];
  }

  private schedule(): void {
    const sweep = wholeMinutes(this.context.sweepSeconds);
    new FunctionSchedule(this, 'SweepSchedule', {
      schedule: ScheduleExpression.rate(sweep),
      target: this.functions.sweeper,
      description: 'Sweeps what is due',
      maxLateness: Duration.minutes(1),
    }).notePeriod(this.context.sweepSeconds);
    new FunctionSchedule(this, 'DailySchedule', {
      // After midnight UTC, when a new day's partition begins; 14 days of them exist ahead.
      schedule: ScheduleExpression.expression('cron(10 0 * * ? *)'),
      target: this.functions.daily,
      description: 'Keeps partitions',
      maxLateness: Duration.hours(12),
    });
  }

  private serve(): PublicApi {
    const { publish, webhooks, deliveries, deliver, health } = this.functions;
    const issuer = this.context.jwtIssuer ?? issuerParameter(this).valueAsString;
    health.addEnvironment('JWT_ISSUER', issuer);
    const api = new PublicApi(this, 'PublicApi', {
      issuer,
      audience: this.context.jwtAudience,
      corsOrigins: this.context.corsOrigins,
      functions: { Publish: publish, Webhooks: webhooks, Deliveries: deliveries, Health: health },
    });
    // Refused as targets: a webhook that calls Tidegate back would run in circles.
    for (const fn of [webhooks, deliver]) fn.addEnvironment('OWN_HOSTS', api.host);
    return api;
  }

  private report(api: PublicApi): void {
    const outputs: Readonly<Record<string, string>> = {
      ApiUrl: api.url,
      BusName: this.ingress.bus.eventBusName,
      BusArn: this.ingress.bus.eventBusArn,
      KeyArn: this.key.keyArn,
      ClusterArn: this.database.cluster.clusterArn,
      OwnerSecretArn: this.database.ownerSecret.secretArn,
      ServiceSecretArn: this.database.serviceSecret.secretArn,
      DatabaseName: this.database.databaseName,
      ControlBucketName: this.controlBucket.bucketName,
      EventsQueueUrl: this.queues.events.queueUrl,
      DeliveriesQueueUrl: this.queues.deliveries.queueUrl,
      RetriesQueueUrl: this.queues.retries.queueUrl,
      DeadLettersQueueUrl: this.queues.deadLetters.queueUrl,
      CapturesQueueUrl: this.queues.captures.queueUrl,
    };
    for (const [name, value] of Object.entries(outputs)) new CfnOutput(this, name, { value });
  }
}

function stackProps({ stage, account, region }: Context): StackProps {
  return {
    description: `Tidegate, stage ${stage}`,
    // What is not given here the deploy takes from its credentials, and one template fits all.
    env: { ...(account !== undefined && { account }), ...(region !== undefined && { region }) },
  };
}

/**
 * Asked for by the deploy when the context names no issuer, so that `cdk synth` needs none. Plain http is let through
 * for issuers on 127.0.0.1 (one machine, the deploy test); API Gateway itself refuses it in AWS.
 */
function issuerParameter(scope: Construct): CfnParameter {
  return new CfnParameter(scope, 'JwtIssuer', {
    type: 'String',
    allowedPattern: '^https?://.+',
    constraintDescription: 'the URL of an OIDC issuer, starting with https://',
    description: 'OIDC issuer whose tokens the API accepts (or give the context key jwtIssuer)',
  });
}
