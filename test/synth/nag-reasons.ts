/** Why a rule of AwsSolutions does not hold here. Each names the constructs it is for; what it does not name is refused. */
export interface NagReason {
  readonly rule: string;
  /** Of the construct's path below the stack. */
  readonly construct: RegExp;
  /** What in particular is found, for rules that tell (IAM4, IAM5). */
  readonly finding?: RegExp;
  readonly reason: string;
}

export const NAG_REASONS: readonly NagReason[] = [
  {
    rule: 'AwsSolutions-APIG4',
    construct: /^PublicApi\/Api\/GET--(health|ready)\/Resource$/,
    reason: 'Answers monitors that have no token, with nothing but a state. Every other route asks for one.',
  },
  {
    rule: 'AwsSolutions-IAM5',
    construct: /^Functions\/\w+Role\/DefaultPolicy\/Resource$/,
    finding: /^Resource::<ControlBucket\.Arn>\/(due|state)\/\*$/,
    reason: 'Objects below one prefix of one bucket: the keys are minutes, which no policy can list.',
  },
  {
    rule: 'AwsSolutions-IAM5',
    construct: /^SchedulerRoleForTarget-\w+\/DefaultPolicy\/Resource$/,
    finding: /^Resource::<(Sweeper|Daily)\.Arn>:\*$/,
    reason: 'Versions of the one function that the schedule wakes, as CDK grants it; the stack publishes none.',
  },
  {
    rule: 'AwsSolutions-IAM5',
    construct: /^Migration\/Provider\/framework-onEvent\/ServiceRole\/DefaultPolicy\/Resource$/,
    finding: /^Resource::<Migrate\.Arn>:\*$/,
    reason: 'Versions of the one function that the framework calls, as CDK grants it; the stack publishes none.',
  },
  {
    rule: 'AwsSolutions-IAM4',
    construct: /^Migration\/Provider\/framework-onEvent\/ServiceRole\/Resource$/,
    finding: /AWSLambdaBasicExecutionRole$/,
    reason: 'CDK makes the role of its own framework function, which runs at deploy time alone and may write logs.',
  },
  {
    rule: 'AwsSolutions-SQS3',
    construct: /^Queues\/UndeliveredEventsQueue\/Resource$/,
    reason: 'It is a dead-letter queue: that of the rule, which the check of queues cannot see.',
  },
  {
    rule: 'AwsSolutions-S1',
    construct: /^ControlBucket\/Resource$/,
    reason: 'Holds empty markers and a version number; an access log would cost more than the bucket and tell less.',
  },
  {
    rule: 'AwsSolutions-SMG4',
    construct: /^Database\/(Owner|Service)Secret\/Resource$/,
    reason:
      'Nobody types these passwords and no network reaches the database but the Data API; a new secret is one deploy.',
  },
  {
    rule: 'AwsSolutions-VPC7',
    construct: /^Database\/Network\/Resource$/,
    reason: 'Isolated subnets with nothing in them but Aurora, and a security group without a way in: no flow to log.',
  },
  {
    rule: 'AwsSolutions-RDS6',
    construct: /^Database\/Cluster\/Resource$/,
    reason: 'IAM authentication is of connections, and there are none: the Data API asks IAM at every statement.',
  },
];
