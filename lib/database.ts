import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { IpAddresses, type IVpc, SecurityGroup, SubnetType, Vpc } from 'aws-cdk-lib/aws-ec2';
import {
  AuroraPostgresEngineVersion,
  type CfnDBCluster,
  ClusterInstance,
  Credentials,
  DatabaseCluster,
  DatabaseClusterEngine,
} from 'aws-cdk-lib/aws-rds';
import { type CfnSecret, type ISecret, Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import type { TidegateFunction } from './tidegate-function.ts';

export interface DatabaseProps {
  /** Aurora capacity units, in halves. */
  readonly maxCapacity: number;
}

const DATABASE_NAME = 'tidegate';
const OWNER = 'tidegate_owner';
const SERVICE_USER = 'hook_svc';

/**
 * Aurora PostgreSQL Serverless v2 behind the Data API. The functions reach it over HTTPS with IAM and a secret, so the
 * subnets are isolated, no security group lets anything in, and no NAT gateway runs (docs/adr/0001).
 */
export class Database extends Construct {
  readonly cluster: DatabaseCluster;
  readonly databaseName = DATABASE_NAME;
  /** Of the owner: migrations alone. */
  readonly ownerSecret: Secret;
  /** Of `hook_svc`, as whom the functions log in; the migration gives the role this password. */
  readonly serviceSecret: Secret;

  constructor(scope: Construct, id: string, props: DatabaseProps) {
    super(scope, id);
    this.ownerSecret = loginSecret(this, 'OwnerSecret', OWNER);
    this.serviceSecret = loginSecret(this, 'ServiceSecret', SERVICE_USER);
    const vpc = isolatedNetwork(this);
    this.cluster = new DatabaseCluster(this, 'Cluster', {
      // The newest 17; capacity 0 needs 17.4 or later (AuroraUserGuide, "Aurora Serverless v2 capacity").
      engine: DatabaseClusterEngine.auroraPostgres({ version: AuroraPostgresEngineVersion.VER_17_9 }),
      // A reader would double the cost for nothing: the Data API runs on the writer only (data-api.limitations).
      writer: ClusterInstance.serverlessV2('Writer'),
      serverlessV2MinCapacity: 0,
      serverlessV2MaxCapacity: props.maxCapacity,
      // The least there is (300 s, API_ServerlessV2ScalingConfiguration): the first call after it waits about 15 s.
      serverlessV2AutoPauseDuration: Duration.minutes(5),
      enableDataApi: true,
      defaultDatabaseName: DATABASE_NAME,
      credentials: Credentials.fromSecret(this.ownerSecret as ISecret, OWNER),
      vpc,
      vpcSubnets: { subnetType: SubnetType.PRIVATE_ISOLATED },
      securityGroups: [
        new SecurityGroup(this, 'SecurityGroup', {
          vpc,
          allowAllOutbound: false,
          description: 'Nothing in, nothing out',
        }),
      ],
      iamAuthentication: false,
      storageEncrypted: true,
      backup: { retention: Duration.days(7) },
      // SNAPSHOT, not RETAIN: a retained cluster keeps its subnets in use, and deleting the stack sticks at the VPC.
      // The protection makes a delete (and the rollback of a failed first deploy) stop at the cluster until someone
      // switches it off on purpose (docs/deploy.md); the last snapshot outlives the stack.
      removalPolicy: RemovalPolicy.SNAPSHOT,
      deletionProtection: true,
    });
    // Fixed ids: moving constructs about must never replace what holds data.
    (this.cluster.node.defaultChild as CfnDBCluster).overrideLogicalId('DatabaseCluster');
  }

  /**
   * Lets a function run single statements as `hook_svc`. Transactions are not granted: every change of the pipeline is
   * one statement (design section 1), and an open transaction would hold its locks for 3 minutes after a crash
   * (AuroraUserGuide, data-api.limitations).
   */
  grantStatements(fn: TidegateFunction): void {
    this.grantLogin(fn, this.serviceSecret, ['rds-data:ExecuteStatement']);
  }

  /** Lets the migration run transactions as the owner and read the password that it gives to `hook_svc`. */
  grantMigration(fn: TidegateFunction): void {
    this.grantLogin(fn, this.ownerSecret, [
      'rds-data:ExecuteStatement',
      'rds-data:BeginTransaction',
      'rds-data:CommitTransaction',
      'rds-data:RollbackTransaction',
    ]);
    fn.addEnvironment('SERVICE_SECRET_ARN', this.serviceSecret.secretArn);
    fn.allow(['secretsmanager:GetSecretValue'], this.serviceSecret.secretArn);
  }

  /** Lets a function see whether the cluster is available, without waking it. */
  grantDescribe(fn: TidegateFunction): void {
    fn.allow(['rds:DescribeDBClusters'], this.cluster.clusterArn);
  }

  private grantLogin(fn: TidegateFunction, secret: Secret, actions: readonly string[]): void {
    fn.addEnvironment('DATABASE_CLUSTER_ARN', this.cluster.clusterArn);
    fn.addEnvironment('DATABASE_SECRET_ARN', secret.secretArn);
    fn.addEnvironment('DATABASE_NAME', this.databaseName);
    fn.allow(actions, this.cluster.clusterArn);
    // The Data API reads the secret with the caller's rights (AuroraUserGuide, data-api.access).
    fn.allow(['secretsmanager:GetSecretValue'], secret.secretArn);
  }
}

/** The network that Aurora demands (two zones) and nothing uses. */
function isolatedNetwork(scope: Construct): IVpc {
  // CDK's classes declare `string | undefined` where its interfaces have optional members, which
  // exactOptionalPropertyTypes tells apart: hence the assertion, here and at Credentials.
  const network = new Vpc(scope, 'Network', {
    ipAddresses: IpAddresses.cidr('10.0.0.0/24'),
    maxAzs: 2,
    natGateways: 0,
    subnetConfiguration: [{ name: 'Database', subnetType: SubnetType.PRIVATE_ISOLATED, cidrMask: 26 }],
    // Nothing runs in the default group, and emptying it would take a custom resource with a function of its own.
    restrictDefaultSecurityGroup: false,
  });
  return network as IVpc;
}

function loginSecret(scope: Construct, id: string, username: string): Secret {
  const secret = new Secret(scope, id, {
    description: `Tidegate: database login of ${username}`,
    generateSecretString: {
      secretStringTemplate: JSON.stringify({ username }),
      generateStringKey: 'password',
      passwordLength: 40,
      // Aurora refuses / @ " and space in a master password; without punctuation it fits any connection string.
      excludePunctuation: true,
    },
  });
  (secret.node.defaultChild as CfnSecret).overrideLogicalId(id);
  return secret;
}
