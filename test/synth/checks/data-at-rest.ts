import { statementsIn } from '../policy-statements.ts';
import { referenceIn } from '../template-view.ts';
import { type Check, problem, unless, unlessSame, unlessWithin } from './check.ts';

/** What holds data, and what becomes of it when the stack goes or a change replaces it. */
const DELETION_POLICIES: Readonly<Record<string, string>> = {
  DatabaseCluster: 'Snapshot',
  Key: 'Retain',
  ControlBucket: 'Retain',
};

const CLUSTER = {
  Engine: 'aurora-postgresql',
  EnableHttpEndpoint: true,
  StorageEncrypted: true,
  DeletionProtection: true,
  DatabaseName: 'tidegate',
  MasterUsername: 'tidegate_owner',
  MasterUserPassword: {
    'Fn::Join': ['', ['{{resolve:secretsmanager:', { Ref: 'OwnerSecret' }, ':SecretString:password::}}']],
  },
  EnableIAMDatabaseAuthentication: false,
  BackupRetentionPeriod: 7,
  CopyTagsToSnapshot: true,
} as const;

const LIFECYCLE = { Rules: [{ ExpirationInDays: 30, Id: 'ForgetDueMarkers', Prefix: 'due/', Status: 'Enabled' }] };
const SSE_S3 = { ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }] };
// The default key policy, from which roles get their rights; the account as a pseudo parameter or pinned.
const FOR_ITS_ACCOUNT =
  /^\[\{"Action":"kms:\*","Effect":"Allow","Principal":\{"AWS":\{"Fn::Join":\["",\["arn:",\{"Ref":"AWS::Partition"\},":iam::("?,?\{"Ref":"AWS::AccountId"\},"|\d{12}):root"\]\]\}\},"Resource":"\*"\}\]$/;

export const DATA_CHECKS: readonly Check[] = [
  {
    name: 'data: what holds it outlives the stack, and its own replacement',
    *problems(view) {
      for (const [id, policy] of Object.entries(DELETION_POLICIES)) {
        const { DeletionPolicy, UpdateReplacePolicy } = view.resource(id);
        yield* unless(id, 'DeletionPolicy', DeletionPolicy, policy);
        yield* unless(id, 'UpdateReplacePolicy', UpdateReplacePolicy, policy);
      }
    },
  },
  {
    name: 'database: encrypted PostgreSQL 17 behind the Data API, kept for a week, deleted by nobody in passing',
    *problems(view) {
      const { Properties } = view.resource('DatabaseCluster');
      for (const [name, value] of Object.entries(CLUSTER))
        yield* unless('DatabaseCluster', name, Properties[name], value);
      if (!/^17\./.test(String(Properties.EngineVersion))) yield problem('DatabaseCluster', 'is not PostgreSQL 17');
    },
  },
  {
    name: 'database: it pauses after five minutes, and grows to what was asked',
    *problems(view) {
      const { ServerlessV2ScalingConfiguration } = view.resource('DatabaseCluster').Properties;
      const scaling = (ServerlessV2ScalingConfiguration ?? {}) as Readonly<Record<string, unknown>>;
      yield* unless('DatabaseCluster', 'MinCapacity', scaling.MinCapacity, 0);
      // 300 s is the least there is (API_ServerlessV2ScalingConfiguration).
      yield* unless('DatabaseCluster', 'SecondsUntilAutoPause', scaling.SecondsUntilAutoPause, 300);
      // In halves, up to 256 (AuroraUserGuide, "Aurora Serverless v2 capacity").
      yield* unlessWithin('DatabaseCluster', 'twice MaxCapacity', Number(scaling.MaxCapacity) * 2, [1, 512]);
    },
  },
  {
    name: 'database: one serverless writer that nobody reaches from outside',
    *problems(view) {
      const instances = view.ofType('AWS::RDS::DBInstance');
      yield* unless('DatabaseCluster', 'number of instances', instances.length, 1);
      for (const [id, { Properties }] of instances) {
        yield* unless(id, 'DBInstanceClass', Properties.DBInstanceClass, 'db.serverless');
        yield* unless(id, 'Engine', Properties.Engine, 'aurora-postgresql');
        yield* unless(id, 'PubliclyAccessible', Properties.PubliclyAccessible, false);
        yield* unless(id, 'DBClusterIdentifier', Properties.DBClusterIdentifier, { Ref: 'DatabaseCluster' });
      }
    },
  },
  {
    name: 'network: isolated subnets of two zones, with no way in or out',
    *problems(view) {
      const subnets = view.ofType('AWS::EC2::Subnet');
      const placed = (name: string) =>
        new Set(subnets.flatMap(([, { Properties }]) => JSON.stringify(Properties[name]) ?? []));
      // Aurora demands two zones (AuroraUserGuide, "Creating an Aurora DB cluster", DB subnet group).
      yield* unless('network', 'number of zones', placed('AvailabilityZone').size, 2);
      yield* unless('network', 'number of address ranges', placed('CidrBlock').size, 2);
      const group = referenceIn(view.resource('DatabaseCluster').Properties.DBSubnetGroupName);
      const inGroup = [view.resource(group).Properties.SubnetIds ?? []].flat().map(referenceIn);
      yield* unless(
        group,
        'subnets',
        inGroup,
        subnets.map(([id]) => id),
      );
      for (const [id, { Properties }] of subnets) {
        yield* unless(id, 'MapPublicIpOnLaunch', Properties.MapPublicIpOnLaunch, false);
      }
      for (const type of ['NatGateway', 'InternetGateway', 'Route', 'SecurityGroupIngress', 'SecurityGroupEgress']) {
        for (const [id] of view.ofType(`AWS::EC2::${type}`)) yield problem(id, `is a way in or out: ${type}`);
      }
      for (const [id, { Properties }] of view.ofType('AWS::EC2::SecurityGroup')) {
        yield* unless(id, 'network', view.resources.get(referenceIn(Properties.VpcId))?.Type, 'AWS::EC2::VPC');
        if ('SecurityGroupIngress' in Properties) yield problem(id, 'lets something in');
        // CDK's way of writing "nothing"; with no rule at all, EC2 adds one for everything.
        const egress = ([Properties.SecurityGroupEgress ?? []].flat() as { CidrIp?: unknown }[]).map((r) => r.CidrIp);
        yield* unless(id, 'egress', egress, ['255.255.255.255/32']);
      }
      const groups = [view.resource('DatabaseCluster').Properties.VpcSecurityGroupIds ?? []].flat().map(referenceIn);
      yield* unless(
        'DatabaseCluster',
        'groups',
        groups,
        view.ofType('AWS::EC2::SecurityGroup').map(([id]) => id),
      );
    },
  },
  {
    name: 'secrets: two logins with generated passwords, one of them for the functions',
    *problems(view) {
      const names = view.ofType('AWS::SecretsManager::Secret').map(([, { Properties }]) => {
        const { SecretStringTemplate } = Properties.GenerateSecretString as { readonly SecretStringTemplate: string };
        return String(JSON.parse(SecretStringTemplate).username);
      });
      yield* unlessSame('secrets', names, ['tidegate_owner', 'hook_svc']);
      for (const [id, { Properties }] of view.ofType('AWS::SecretsManager::Secret')) {
        const generated = Properties.GenerateSecretString as Readonly<Record<string, unknown>>;
        yield* unless(id, 'GenerateStringKey', generated.GenerateStringKey, 'password');
        yield* unless(id, 'ExcludePunctuation', generated.ExcludePunctuation, true);
        yield* unlessWithin(id, 'PasswordLength', generated.PasswordLength, [32, 128]);
      }
    },
  },
  {
    name: 'key: it rotates, and its account alone decides who uses it',
    *problems(view) {
      const { EnableKeyRotation, KeyPolicy, Enabled } = view.resource('Key').Properties;
      yield* unless('Key', 'EnableKeyRotation', EnableKeyRotation, true);
      yield* unless('Key', 'Enabled', Enabled, undefined);
      const { Statement } = KeyPolicy as { readonly Statement: unknown };
      const text = JSON.stringify(Statement);
      if (!FOR_ITS_ACCOUNT.test(text)) yield problem('Key', `lets in others than its account: ${text}`);
    },
  },
  {
    name: 'control bucket: private, encrypted, and forgetful of markers alone',
    *problems(view) {
      const { Properties } = view.resource('ControlBucket');
      const block = Object.entries(Properties.PublicAccessBlockConfiguration ?? {});
      const all = ['BlockPublicAcls', 'BlockPublicPolicy', 'IgnorePublicAcls', 'RestrictPublicBuckets'];
      yield* unless(
        'ControlBucket',
        'public access',
        Object.fromEntries(block),
        Object.fromEntries(all.map((n) => [n, true])),
      );
      yield* unless('ControlBucket', 'LifecycleConfiguration', Properties.LifecycleConfiguration, LIFECYCLE);
      yield* unless('ControlBucket', 'BucketEncryption', Properties.BucketEncryption, SSE_S3);
      for (const name of ['AccessControl', 'WebsiteConfiguration', 'VersioningConfiguration']) {
        if (name in Properties) yield problem('ControlBucket', `has ${name}`);
      }
    },
  },
  {
    name: 'control bucket: its policy refuses plain HTTP, and grants nothing',
    *problems(view) {
      const statements = statementsIn(view, 'AWS::S3::BucketPolicy');
      yield* unless('ControlBucket', 'number of statements', statements.length, 1);
      for (const { effect, actions, resources, principal, condition } of statements) {
        yield* unless('ControlBucket', 'effect', effect, 'Deny');
        yield* unless('ControlBucket', 'actions', actions, ['s3:*']);
        yield* unless('ControlBucket', 'principal', principal, { AWS: '*' });
        yield* unless('ControlBucket', 'condition', condition, { Bool: { 'aws:SecureTransport': 'false' } });
        const arn = { 'Fn::GetAtt': ['ControlBucket', 'Arn'] };
        yield* unless('ControlBucket', 'resources', resources, [arn, { 'Fn::Join': ['', [arn, '/*']] }]);
      }
    },
  },
];
