import type { TemplateView } from '../template-view.ts';
import { becomes, type Mutant, without } from './mutant.ts';

const PUBLIC_ACCESS = ['BlockPublicAcls', 'BlockPublicPolicy', 'IgnorePublicAcls', 'RestrictPublicBuckets'];

/** Database, network, secrets, key and bucket. */
export function* mutantsOfData(view: TemplateView): Generator<Mutant> {
  for (const id of ['DatabaseCluster', 'Key', 'ControlBucket']) {
    yield becomes('data: ', 'Delete', id, 'DeletionPolicy');
    yield without('data: ', id, 'UpdateReplacePolicy');
  }
  yield* ofDatabase(view);
  yield* ofSecrets();
  yield* ofBucket(view);
  yield becomes('key: ', false, 'Key', 'Properties', 'EnableKeyRotation');
  yield without('key: ', 'Key', 'Properties', 'EnableKeyRotation');
  yield becomes('key: ', { AWS: '*' }, 'Key', 'Properties', 'KeyPolicy', 'Statement', 0, 'Principal');
  const everybody = { Effect: 'Allow', Action: 'kms:Decrypt', Principal: { AWS: '*' }, Resource: '*' };
  yield becomes('access: nothing else', everybody, 'Key', 'Properties', 'KeyPolicy', 'Statement', 1);
}

function* ofDatabase(view: TemplateView): Generator<Mutant> {
  const cluster = ['DatabaseCluster', 'Properties'] as const;
  for (const name of ['EnableHttpEndpoint', 'StorageEncrypted', 'DeletionProtection']) {
    yield becomes('database: encrypted', false, ...cluster, name);
    yield without('database: encrypted', ...cluster, name);
  }
  yield becomes('database: encrypted', 1, ...cluster, 'BackupRetentionPeriod');
  yield becomes('database: encrypted', '16.6', ...cluster, 'EngineVersion');
  yield becomes('database: encrypted', 'correct horse battery', ...cluster, 'MasterUserPassword');
  const scaling = [...cluster, 'ServerlessV2ScalingConfiguration'] as const;
  yield becomes('database: it pauses', 0.5, ...scaling, 'MinCapacity');
  yield without('database: it pauses', ...scaling, 'SecondsUntilAutoPause');
  yield becomes('database: it pauses', 257, ...scaling, 'MaxCapacity');
  yield becomes('database: it pauses', 0.3, ...scaling, 'MaxCapacity');
  const [[writer = '', instance] = []] = view.ofType('AWS::RDS::DBInstance');
  yield becomes('database: one serverless', true, writer, 'Properties', 'PubliclyAccessible');
  yield becomes('database: one serverless', 'db.r8g.large', writer, 'Properties', 'DBInstanceClass');
  yield becomes('database: one serverless', instance, 'SecondInstance');
  for (const [id] of view.ofType('AWS::EC2::Subnet')) {
    yield becomes('network: ', true, id, 'Properties', 'MapPublicIpOnLaunch');
    yield without('network: ', id, 'Properties', 'AvailabilityZone');
    yield without('network: ', id, 'Properties', 'CidrBlock');
  }
  const [[group = ''] = []] = view.ofType('AWS::EC2::SecurityGroup');
  const world = { IpProtocol: 'tcp', FromPort: 5432, ToPort: 5432, CidrIp: '0.0.0.0/0' };
  yield becomes('network: ', [world], group, 'Properties', 'SecurityGroupIngress');
  yield becomes('network: ', [world], group, 'Properties', 'SecurityGroupEgress');
  yield without('network: ', ...cluster, 'VpcSecurityGroupIds', 0);
  yield without('network: ', ...cluster, 'DBSubnetGroupName');
  yield without('network: ', group, 'Properties', 'VpcId');
  yield becomes('network: ', { Type: 'AWS::EC2::InternetGateway' }, 'Gateway');
}

function* ofSecrets(): Generator<Mutant> {
  for (const id of ['OwnerSecret', 'ServiceSecret']) {
    const generated = [id, 'Properties', 'GenerateSecretString'] as const;
    yield without('secrets: ', ...generated, 'ExcludePunctuation');
    yield becomes('secrets: ', 8, ...generated, 'PasswordLength');
    yield becomes('secrets: ', '{"username":"postgres"}', ...generated, 'SecretStringTemplate');
    yield becomes('names: ', 'tidegate/login', id, 'Properties', 'Name');
  }
}

function* ofBucket(view: TemplateView): Generator<Mutant> {
  const bucket = ['ControlBucket', 'Properties'] as const;
  for (const name of PUBLIC_ACCESS) {
    yield becomes('control bucket: private', false, ...bucket, 'PublicAccessBlockConfiguration', name);
  }
  yield without('control bucket: private', ...bucket, 'PublicAccessBlockConfiguration');
  yield becomes('control bucket: private', 'PublicRead', ...bucket, 'AccessControl');
  yield without('control bucket: private', ...bucket, 'BucketEncryption');
  yield becomes('control bucket: private', '', ...bucket, 'LifecycleConfiguration', 'Rules', 0, 'Prefix');
  yield becomes('names: ', 'tidegate-control', ...bucket, 'BucketName');
  const [[policy = ''] = []] = view.ofType('AWS::S3::BucketPolicy');
  const statement = [policy, 'Properties', 'PolicyDocument', 'Statement'] as const;
  yield without('control bucket: its policy', policy);
  yield without('control bucket: its policy', ...statement, 0);
  yield becomes(
    'control bucket: its policy',
    { Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: '*' },
    ...statement,
    1,
  );
}
