import { type CfnResource, CustomResource, Duration, RemovalPolicy } from 'aws-cdk-lib';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Provider } from 'aws-cdk-lib/custom-resources';
import { Construct } from 'constructs';
import type { Database } from './database.ts';
import { migrationsSha256, schemaHead } from './migration-files.ts';
import type { TidegateFunction } from './tidegate-function.ts';

export interface MigrationProps {
  readonly database: Database;
  /** The Migrate function, which returns `{ PhysicalResourceId, Data? }` or throws. */
  readonly migrate: TidegateFunction;
}

// CloudFormation would wait an hour for an answer. The provider's own function ends after 15 min (Lambda quotas), so
// nothing can answer later than that.
const SERVICE_TIMEOUT = Duration.minutes(15);

/**
 * Migrates the schema on every deploy that brings other migrations.
 *
 * Through CDK's Provider, whose framework function calls Migrate and answers CloudFormation: also when Migrate cannot
 * load, runs out of memory or times out, where a function that answers by itself leaves the stack waiting. The price
 * is one more function, which is AWS's own code and runs at deploy time alone.
 */
export class Migration extends Construct {
  private readonly resource: CustomResource;

  constructor(scope: Construct, id: string, { database, migrate }: MigrationProps) {
    super(scope, id);
    const provider = new Provider(this, 'Provider', {
      onEventHandler: migrate,
      logGroup: new LogGroup(this, 'ProviderLogs', {
        retention: RetentionDays.ONE_MONTH,
        removalPolicy: RemovalPolicy.DESTROY,
      }),
    });
    this.resource = new CustomResource(this, 'Schema', {
      serviceToken: provider.serviceToken,
      resourceType: 'Custom::TidegateSchema',
      serviceTimeout: SERVICE_TIMEOUT,
      properties: {
        // Either change calls Migrate again: another set of files, or a secret made anew with another password.
        migrationsSha256: migrationsSha256(),
        serviceSecretArn: database.serviceSecret.secretArn,
      },
    });
    this.cfnResource.overrideLogicalId('Schema');
    // The cluster construct holds the writer too: a cluster without an instance accepts no statement.
    this.resource.node.addDependency(database.cluster, database.ownerSecret);
  }

  private get cfnResource(): CfnResource {
    return this.resource.node.defaultChild as CfnResource;
  }

  /**
   * Has a function wait for the schema that it was written for, on create and on update. What is triggered or called
   * through the function (mappings, schedules, routes) waits with it.
   */
  mustPrecede(fn: TidegateFunction): void {
    fn.cfnFunction.addResourceDependency(this.cfnResource);
  }

  /** Tells a function which version the schema should have. */
  tellHead(fn: TidegateFunction): void {
    fn.addEnvironment('SCHEMA_HEAD', schemaHead());
  }
}
