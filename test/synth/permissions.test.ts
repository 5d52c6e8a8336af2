import { describe, expect, it } from '@jest/globals';
import { grantsOf, statementsIn, statementsOf } from './policy-statements.ts';
import { referencesIn, synthesizedStack } from './synthesized-stack.ts';

const stack = synthesizedStack();

const STATEMENTS = ['rds-data:ExecuteStatement on DatabaseCluster', 'secretsmanager:GetSecretValue on ServiceSecret'];
const MARK = 's3:PutObject on ControlBucket/due/*';
const receiving = (queue: string) =>
  ['ReceiveMessage', 'DeleteMessage', 'ChangeMessageVisibility', 'GetQueueAttributes'].map(
    (action) => `sqs:${action} on ${queue}`,
  );

const GRANTS: Readonly<Record<string, readonly string[]>> = {
  Publish: ['events:PutEvents on Bus'],
  Webhooks: [...STATEMENTS, MARK, 'kms:Decrypt on Key', 'kms:GenerateDataKey on Key'],
  Deliveries: [...STATEMENTS, MARK, 'sqs:SendMessage on RetriesQueue'],
  Health: [
    ...STATEMENTS,
    'rds:DescribeDBClusters on DatabaseCluster',
    's3:GetObject on ControlBucket/state/*',
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
    's3:DeleteObject on ControlBucket/due/*',
    's3:ListBucket on ControlBucket',
    'sqs:GetQueueAttributes on RetriesQueue',
    'sqs:SendMessage on DeadLettersQueue',
    'sqs:SendMessage on RetriesQueue',
  ],
  Daily: [...STATEMENTS, MARK],
  Migrate: [
    ...['BeginTransaction', 'CommitTransaction', 'ExecuteStatement', 'RollbackTransaction'].map(
      (action) => `rds-data:${action} on DatabaseCluster`,
    ),
    's3:PutObject on ControlBucket/state/*',
    'secretsmanager:GetSecretValue on OwnerSecret',
    'secretsmanager:GetSecretValue on ServiceSecret',
  ],
};

describe('the role of', () => {
  it.each(Object.entries(GRANTS))('%s may do this and no more', (id, grants) => {
    expect(grantsOf(stack, id)).toEqual([...grants].sort());
  });

  it.each(Object.keys(GRANTS))('%s may write to its own log group alone', (id) => {
    const logGroup = (stack.resource(id).Properties.LoggingConfig as { LogGroup: { Ref: string } }).LogGroup.Ref;
    const logging = statementsOf(stack, id).filter(({ actions }) => actions.some((name) => name.startsWith('logs:')));
    expect(logging.flatMap(({ resources }) => resources)).toEqual([{ 'Fn::GetAtt': [logGroup, 'Arn'] }]);
  });

  it('the sweeper lists markers alone', () => {
    const [listing] = statementsOf(stack, 'Sweeper').filter(({ actions }) => actions.includes('s3:ListBucket'));
    expect(listing?.condition).toEqual({ StringLike: { 's3:prefix': 'due/*' } });
  });
});

describe('no policy', () => {
  it('allows anything on every resource', () => {
    const wide = statementsIn(stack, 'AWS::IAM::Policy').filter(({ resources }) => resources.includes('*'));
    expect(wide).toEqual([]);
  });

  it('allows by wildcard in an action', () => {
    const wide = statementsIn(stack, 'AWS::IAM::Policy').filter(({ actions }) => actions.some((a) => a.includes('*')));
    expect(wide).toEqual([]);
  });

  it('is a managed one, but for the provider framework, whose role CDK makes', () => {
    const managed = stack.ofType('AWS::IAM::Role').filter(([, { Properties }]) => 'ManagedPolicyArns' in Properties);
    expect(managed.map(([id]) => id.replace(/[0-9A-F]{8}$/, ''))).toEqual([
      'MigrationProviderframeworkonEventServiceRole',
    ]);
  });
});

describe('the rule', () => {
  const [[ruleId = '', rule] = []] = stack.ofType('AWS::Events::Rule');
  const senders = (queue: string) =>
    statementsIn(stack, 'AWS::SQS::QueuePolicy').filter(
      ({ effect, resources }) => effect === 'Allow' && referencesIn(resources).has(queue),
    );

  it('matches everything of this account', () => {
    expect(rule?.Properties.EventPattern).toEqual({ account: [{ Ref: 'AWS::AccountId' }] });
    expect(rule?.Properties.EventBusName).toEqual({ Ref: 'Bus' });
  });

  it('tries for a day, then leaves the event in a queue of its own; no constant group id', () => {
    expect(rule?.Properties.Targets).toEqual([
      {
        Id: 'Target0',
        Arn: { 'Fn::GetAtt': ['EventsQueue', 'Arn'] },
        DeadLetterConfig: { Arn: { 'Fn::GetAtt': ['UndeliveredEventsQueue', 'Arn'] } },
        RetryPolicy: { MaximumEventAgeInSeconds: 86_400, MaximumRetryAttempts: 185 },
      },
    ]);
  });

  it.each(['EventsQueue', 'UndeliveredEventsQueue'])('is let into %s, and nobody else is', (queue) => {
    expect(senders(queue)).toEqual([
      expect.objectContaining({
        actions: ['sqs:SendMessage'],
        principal: { Service: 'events.amazonaws.com' },
        condition: { ArnEquals: { 'aws:SourceArn': { 'Fn::GetAtt': [ruleId, 'Arn'] } } },
      }),
    ]);
  });

  it('has an archive of a day beside it', () => {
    const [[, archive] = []] = stack.ofType('AWS::Events::Archive');
    expect(archive?.Properties).toMatchObject({ RetentionDays: 1, SourceArn: { 'Fn::GetAtt': ['Bus', 'Arn'] } });
  });
});

describe('every event source mapping', () => {
  it.each(stack.ofType('AWS::Lambda::EventSourceMapping'))('%s may receive by its role', (_id, { Properties }) => {
    const [queue = ''] = referencesIn(Properties.EventSourceArn);
    const [fn = ''] = referencesIn(Properties.FunctionName);
    expect(grantsOf(stack, fn)).toEqual(expect.arrayContaining(receiving(queue)));
  });
});

describe('the API', () => {
  it('may call each function behind it, by one permission a function', () => {
    const permissions = stack.ofType('AWS::Lambda::Permission');
    const called = stack
      .ofType('AWS::ApiGatewayV2::Integration')
      .map(([, { Properties }]) => [...referencesIn(Properties.IntegrationUri)][0]);
    expect(called.sort()).toEqual(['Deliveries', 'Health', 'Publish', 'Webhooks']);
    expect(permissions.map(([, { Properties }]) => [...referencesIn(Properties.FunctionName)][0]).sort()).toEqual(
      called,
    );
    for (const [, { Properties }] of permissions) {
      expect(Properties.Principal).toBe('apigateway.amazonaws.com');
      expect(referencesIn(Properties.SourceArn)).toContain('Api');
    }
  });
});

describe('every schedule', () => {
  it.each(stack.ofType('AWS::Scheduler::Schedule'))('%s has a role that may call its function', (_id, resource) => {
    const target = resource.Properties.Target as { Arn: unknown; RoleArn: unknown };
    const [roleId = ''] = referencesIn(target.RoleArn);
    const allowed = statementsIn(stack, 'AWS::IAM::Policy').filter(({ policyId }) =>
      referencesIn(stack.resource(policyId).Properties.Roles).has(roleId),
    );
    expect(allowed.map(({ actions }) => actions)).toEqual([['lambda:InvokeFunction']]);
    expect(allowed[0]?.resources).toContainEqual(target.Arn);
  });
});
