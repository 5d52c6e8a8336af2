/**
 * What a template needs before the emulator takes it. `cdk deploy` to AWS takes the template as it is: nothing of this
 * is in `lib/`, and docs/adr/0008 says what each change leaves unproven.
 */
import { nameOtherwise } from './policies.ts';
import { type Resources, templateSchema } from './resources.ts';
import { nameSecretsByArn } from './secret-arns.ts';

export interface Transformed {
  readonly template: unknown;
  /** One line for each kind of change, for people to read. */
  readonly changes: readonly string[];
}

/** A type that nobody has deployed to the emulator yet. */
export class UntriedTypeError extends Error {
  readonly code = 'UNTRIED_TYPE';
}

/** Types that the emulator lacks: they become a type without effect. */
const LACKING: ReadonlySet<string> = new Set(['AWS::Events::Archive', 'AWS::CloudWatch::CompositeAlarm']);
const WITHOUT_EFFECT = 'AWS::CloudFormation::WaitConditionHandle';

/** Types that deploy as they are. */
const TRIED: ReadonlySet<string> = new Set([
  'AWS::ApiGatewayV2::Api',
  'AWS::ApiGatewayV2::Authorizer',
  'AWS::ApiGatewayV2::Integration',
  'AWS::ApiGatewayV2::Route',
  'AWS::ApiGatewayV2::Stage',
  'AWS::CDK::Metadata',
  'AWS::CloudWatch::Alarm',
  'AWS::CloudWatch::Dashboard',
  'AWS::EC2::RouteTable',
  'AWS::EC2::SecurityGroup',
  'AWS::EC2::Subnet',
  'AWS::EC2::SubnetRouteTableAssociation',
  'AWS::EC2::VPC',
  'AWS::Events::EventBus',
  'AWS::Events::Rule',
  'AWS::IAM::Policy',
  'AWS::IAM::Role',
  'AWS::KMS::Key',
  'AWS::Lambda::EventSourceMapping',
  'AWS::Lambda::Function',
  'AWS::Lambda::Permission',
  'AWS::Lambda::Url',
  'AWS::Logs::LogGroup',
  'AWS::RDS::DBCluster',
  'AWS::RDS::DBInstance',
  'AWS::RDS::DBSubnetGroup',
  'AWS::S3::Bucket',
  'AWS::S3::BucketPolicy',
  'AWS::SNS::Subscription',
  'AWS::SNS::Topic',
  'AWS::SNS::TopicPolicy',
  'AWS::SQS::Queue',
  'AWS::SQS::QueuePolicy',
  'AWS::SSM::Parameter',
  'AWS::Scheduler::Schedule',
  'AWS::SecretsManager::Secret',
  'AWS::SecretsManager::SecretTargetAttachment',
  'Custom::TidegateSchema',
]);

/** @throws UntriedTypeError naming every resource whose type is on neither list. */
export function transformTemplate(source: unknown): Transformed {
  const template = templateSchema.parse(structuredClone(source));
  const { Resources: resources } = template;
  refuseUntried(resources);
  const changes = [...retype(resources), ...nameOtherwise(resources)];
  const { value, count } = nameSecretsByArn(template, resources);
  return { template: value, changes: count === 0 ? changes : [...changes, `${count} Refs of secrets by their ARNs`] };
}

function refuseUntried(resources: Resources): void {
  const untried = Object.entries(resources).filter(([, { Type }]) => !TRIED.has(Type) && !LACKING.has(Type));
  if (untried.length === 0) return;
  const lines = untried.map(([id, { Type }]) => `  ${Type} (${id})`);
  throw new UntriedTypeError(
    `Not tried on the emulator yet:\n${lines.join('\n')}\n` +
      'A type that deploys goes to TRIED in test/deploy/template/transform.ts, one that the emulator lacks to LACKING, ' +
      'with a line in docs/adr/0008 on what then stands in for it.',
  );
}

function retype(resources: Resources): string[] {
  const changes: string[] = [];
  for (const [id, resource] of Object.entries(resources)) {
    // Alarms over several metrics (metric math) are unknown to it, the others are not.
    const isMetricMath = resource.Type === 'AWS::CloudWatch::Alarm' && resource.Properties?.Metrics !== undefined;
    if (!LACKING.has(resource.Type) && !isMetricMath) continue;
    changes.push(`retyped ${resource.Type}${isMetricMath ? ' (metric math)' : ''}: ${id}`);
    resource.Type = WITHOUT_EFFECT;
    delete resource.Properties;
  }
  return changes;
}
