/**
 * Who calls what in AWS: `action on resource`, by function. A right that is not needed for a line here is one too many,
 * and a line that no right covers is an AccessDenied. Resources are named by their logical ids.
 */

const STATEMENTS = ['rds-data:ExecuteStatement on DatabaseCluster', 'secretsmanager:GetSecretValue on ServiceSecret'];
const MARK = 's3:PutObject on ControlBucket/due/2026-02-03T04:05';

/** The poller's, with the rights of the function; `ChangeMessageVisibility` is the handler's own. */
const receiving = (queue: string) =>
  ['ReceiveMessage', 'DeleteMessage', 'ChangeMessageVisibility', 'GetQueueAttributes'].map(
    (action) => `sqs:${action} on ${queue}`,
  );

/** By logical id of the function; what the scheduler and the framework of the custom resource call stands at the end. */
export const CALLS: Readonly<Record<string, readonly string[]>> = {
  Publish: ['events:PutEvents on Bus'],
  Webhooks: [...STATEMENTS, MARK, 'kms:Decrypt on Key', 'kms:GenerateDataKey on Key'],
  Deliveries: [...STATEMENTS, MARK, 'sqs:SendMessage on RetriesQueue'],
  Health: [
    ...STATEMENTS,
    'rds:DescribeDBClusters on DatabaseCluster',
    's3:GetObject on ControlBucket/state/schema.json',
    ...['Events', 'Deliveries', 'Retries', 'DeadLetters'].map(
      (name) => `lambda:GetEventSourceMapping on ${name}Mapping`,
    ),
  ],
  FanOut: [
    ...STATEMENTS,
    MARK,
    ...receiving('EventsQueue'),
    'sqs:SendMessage on DeliveriesQueue',
    'sqs:SendMessage on RetriesQueue',
  ],
  Deliver: [
    ...STATEMENTS,
    MARK,
    ...receiving('DeliveriesQueue'),
    ...receiving('RetriesQueue'),
    'kms:Decrypt on Key',
    'sqs:SendMessage on DeadLettersQueue',
    'sqs:SendMessage on RetriesQueue',
  ],
  DeadLetter: [...STATEMENTS, MARK, ...receiving('DeadLettersQueue'), 'events:PutEvents on Bus'],
  Sweeper: [
    ...STATEMENTS,
    MARK,
    's3:DeleteObject on ControlBucket/due/2026-02-03T04:05',
    's3:ListBucket on ControlBucket',
    'sqs:SendMessage on DeadLettersQueue',
    'sqs:SendMessage on RetriesQueue',
    'sqs:GetQueueAttributes on RetriesQueue',
  ],
  Daily: [...STATEMENTS, MARK],
  Migrate: [
    ...['ExecuteStatement', 'BeginTransaction', 'CommitTransaction', 'RollbackTransaction'].map(
      (action) => `rds-data:${action} on DatabaseCluster`,
    ),
    's3:PutObject on ControlBucket/state/schema.json',
    'secretsmanager:GetSecretValue on OwnerSecret',
    'secretsmanager:GetSecretValue on ServiceSecret',
  ],
  // CDK also lets these two invoke any version of the function.
  SweepSchedule: ['lambda:InvokeFunction on Sweeper', 'lambda:InvokeFunction on Sweeper:1'],
  DailySchedule: ['lambda:InvokeFunction on Daily', 'lambda:InvokeFunction on Daily:1'],
  MigrationProviderframeworkonEvent: [
    'lambda:InvokeFunction on Migrate',
    'lambda:InvokeFunction on Migrate:1',
    'lambda:GetFunction on Migrate',
  ],
};

/** What a call says about itself, by action. */
export const CONTEXTS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  's3:ListBucket': { 's3:prefix': 'due/' },
};

/** Examples of what must be denied, each with its reason; the rest of the world is asked for besides. */
export const DENIED: readonly (readonly [string, string, string])[] = [
  ['Publish', 'rds-data:ExecuteStatement on DatabaseCluster', 'publishing works while the database is down'],
  ['Publish', 'secretsmanager:GetSecretValue on ServiceSecret', 'publishing has no login'],
  ['Publish', 'sqs:SendMessage on EventsQueue', 'events come by the bus, which archives them'],
  ['Webhooks', 'sqs:SendMessage on DeliveriesQueue', 'an API call sends nothing out by itself'],
  ['Deliveries', 'kms:Decrypt on Key', 'who shows deliveries reads no secret'],
  ['Deliver', 'kms:GenerateDataKey on Key', 'who sends makes no account'],
  ['Deliver', 'events:PutEvents on Bus', 'operational events are the dead-letter function’s'],
  ['Deliver', 'sqs:SendMessage on DeliveriesQueue', 'a first attempt is never repeated as a first'],
  ['Sweeper', 'kms:Decrypt on Key', 'the sweeper moves ids'],
  ['Sweeper', 's3:GetObject on ControlBucket/due/2026-02-03T04:05', 'markers are empty'],
  ['Sweeper', 's3:DeleteObject on ControlBucket/state/schema.json', 'state is the migration’s'],
  ['FanOut', 's3:ListBucket on ControlBucket', 'only the sweeper looks for markers'],
  ['Health', 's3:PutObject on ControlBucket/due/2026-02-03T04:05', 'health changes nothing'],
  ['Health', 'lambda:UpdateEventSourceMapping on EventsMapping', 'pausing is an operator’s'],
  ['Daily', 'rds-data:BeginTransaction on DatabaseCluster', 'an open transaction keeps its locks for 3 minutes'],
  ['Daily', 'rds:DeleteDBCluster on DatabaseCluster', 'nobody deletes the database'],
  ...['Webhooks', 'Deliveries', 'Health', 'FanOut', 'Deliver', 'DeadLetter', 'Sweeper', 'Daily'].map(
    (name) => [name, 'secretsmanager:GetSecretValue on OwnerSecret', 'the owner’s login is the migration’s'] as const,
  ),
  ...['FanOut', 'Deliver', 'DeadLetter', 'Sweeper'].map(
    (name) => [name, 'sqs:PurgeQueue on DeliveriesQueue', 'nobody empties a queue'] as const,
  ),
];

/** Actions that are asked for on everything of their service. Of each service, also what no function should ever do. */
export const ACTIONS: Readonly<Record<string, readonly string[]>> = {
  sqs: [
    'SendMessage',
    'ReceiveMessage',
    'DeleteMessage',
    'ChangeMessageVisibility',
    'GetQueueAttributes',
    'SetQueueAttributes',
    'PurgeQueue',
    'DeleteQueue',
    'StartMessageMoveTask',
  ],
  kms: ['Decrypt', 'Encrypt', 'GenerateDataKey', 'CreateGrant', 'PutKeyPolicy', 'DisableKey', 'ScheduleKeyDeletion'],
  s3: ['GetObject', 'PutObject', 'DeleteObject', 'ListBucket', 'PutBucketPolicy', 'DeleteBucket'],
  secretsmanager: ['GetSecretValue', 'PutSecretValue', 'DeleteSecret'],
  events: ['PutEvents', 'PutRule', 'DeleteEventBus'],
  'rds-data': [
    'ExecuteStatement',
    'BatchExecuteStatement',
    'BeginTransaction',
    'CommitTransaction',
    'RollbackTransaction',
  ],
  rds: ['DescribeDBClusters', 'ModifyDBCluster', 'DeleteDBCluster'],
  lambda: [
    'InvokeFunction',
    'GetFunction',
    'UpdateFunctionCode',
    'UpdateFunctionConfiguration',
    'GetEventSourceMapping',
    'UpdateEventSourceMapping',
  ],
  iam: ['PassRole', 'PutRolePolicy'],
};
