import { readdirSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { statementsIn } from './policy-statements.ts';
import { prerequisitesOf, referencesIn, synthesizedStack } from './synthesized-stack.ts';

const stack = synthesizedStack();

const FUNCTIONS = [
  'Publish',
  'Webhooks',
  'Deliveries',
  'Health',
  'FanOut',
  'Deliver',
  'DeadLetter',
  'Sweeper',
  'Daily',
  'Migrate',
];
const KNOWN_VARIABLES = [
  'SETTINGS',
  'JWT_ISSUER',
  'DATABASE_CLUSTER_ARN',
  'DATABASE_SECRET_ARN',
  'DATABASE_NAME',
  'SERVICE_SECRET_ARN',
  'DELIVERIES_QUEUE_URL',
  'RETRIES_QUEUE_URL',
  'DEAD_LETTERS_QUEUE_URL',
  'BUS_NAME',
  'KEY_ARN',
  'CONTROL_BUCKET',
  'EVENT_SOURCE_MAPPING_IDS',
  'OWN_HOSTS',
  'SCHEMA_HEAD',
];
const USING_THE_SCHEMA = FUNCTIONS.filter((name) => name !== 'Publish' && name !== 'Migrate');

// AWS's own code, in the runtime and architecture that CDK gives it.
const isProviderFramework = (id: string) => id.startsWith('MigrationProvider');

const functions = stack.ofType('AWS::Lambda::Function').filter(([id]) => !isProviderFramework(id));
const variablesOf = (id: string) =>
  Object.keys((stack.resource(id).Properties.Environment as { Variables: Record<string, unknown> }).Variables);

describe('every function', () => {
  it('is one of those in docs/architecture.md', () => {
    expect(functions.map(([id]) => id).sort()).toEqual([...FUNCTIONS].sort());
  });

  it.each(FUNCTIONS)('%s runs Node.js 24 on arm64, outside any VPC', (id) => {
    const { Runtime, Architectures, VpcConfig, ReservedConcurrentExecutions } = stack.resource(id).Properties;
    expect(Runtime).toBe('nodejs24.x');
    expect(Architectures).toEqual(['arm64']);
    expect(VpcConfig).toBeUndefined();
    expect(ReservedConcurrentExecutions).toBeUndefined();
  });

  it.each(FUNCTIONS)('%s has a log group that forgets', (id) => {
    const { LogGroup } = stack.resource(id).Properties.LoggingConfig as { LogGroup: unknown };
    const [logGroup = ''] = referencesIn(LogGroup);
    expect(stack.resource(logGroup).Type).toBe('AWS::Logs::LogGroup');
    expect(stack.resource(logGroup).Properties.RetentionInDays).toBeGreaterThan(0);
  });

  it.each(FUNCTIONS)('%s is given known variables only, and its settings', (id) => {
    expect(KNOWN_VARIABLES).toEqual(expect.arrayContaining(variablesOf(id)));
    expect(variablesOf(id)).toContain('SETTINGS');
  });

  it('has its re-sending allowed where messages come back by design, and nowhere else', () => {
    const allowed = functions.filter(([, { Properties }]) => Properties.RecursiveLoop === 'Allow').map(([id]) => id);
    expect(allowed.sort()).toEqual(['DeadLetter', 'Deliver', 'FanOut', 'Sweeper']);
  });
});

describe('the egress rule', () => {
  it('is loosened by no template', () => {
    expect(JSON.stringify(stack.template.toJSON())).not.toContain('TIDEGATE_EGRESS');
  });
});

describe('every queue', () => {
  const queues = stack.ofType('AWS::SQS::Queue');
  const redriveOf = (properties: Readonly<Record<string, unknown>>) =>
    properties.RedrivePolicy as { maxReceiveCount: number; deadLetterTargetArn: unknown } | undefined;
  const isDeadLetterQueue = (id: string) => /DeadLettersQueue$|^UndeliveredEventsQueue$/.test(id);

  it.each(queues)('%s has a dead-letter queue, or is one', (id, { Properties }) => {
    const redrive = redriveOf(Properties);
    if (isDeadLetterQueue(id)) expect(redrive).toBeUndefined();
    else {
      expect(redrive?.maxReceiveCount).toBe(1000);
      expect([...referencesIn(redrive)].every(isDeadLetterQueue)).toBe(true);
    }
  });

  it.each(queues)('%s keeps messages for 14 days, events for 4', (id, { Properties }) => {
    expect(Properties.MessageRetentionPeriod).toBe((id === 'EventsQueue' ? 4 : 14) * 86_400);
  });

  it.each(queues)('%s is encrypted and refuses plain HTTP', (id, { Properties }) => {
    expect(Properties.SqsManagedSseEnabled).toBe(true);
    const refusals = statementsIn(stack, 'AWS::SQS::QueuePolicy').filter(
      ({ effect, resources, condition }) =>
        effect === 'Deny' &&
        referencesIn(resources).has(id) &&
        JSON.stringify(condition) === '{"Bool":{"aws:SecureTransport":"false"}}',
    );
    expect(refusals).toHaveLength(1);
  });

  it('shares one dead-letter queue between the lanes', () => {
    for (const lane of ['DeliveriesQueue', 'RetriesQueue']) {
      expect([...referencesIn(redriveOf(stack.resource(lane).Properties))]).toEqual(['DeadLettersQueue']);
    }
  });

  it.each(queues)('%s stays behind when a template change replaces it', (_id, { UpdateReplacePolicy }) => {
    expect(UpdateReplacePolicy).toBe('Retain');
  });
});

describe('every event source mapping', () => {
  const mappings = stack.ofType('AWS::Lambda::EventSourceMapping');

  it('is there, one for each queue that is consumed', () => {
    expect(mappings.map(([id]) => id)).toEqual([
      'EventsMapping',
      'DeliveriesMapping',
      'RetriesMapping',
      'DeadLettersMapping',
    ]);
  });

  it.each(mappings)('%s reports single failures, in batches of ten without a window', (_id, { Properties }) => {
    expect(Properties.FunctionResponseTypes).toEqual(['ReportBatchItemFailures']);
    expect(Properties.BatchSize).toBe(10);
    expect(Properties.MaximumBatchingWindowInSeconds).toBeUndefined();
  });

  it.each(mappings)('%s leaves Enabled unset, so that a pause survives a deploy', (_id, { Properties }) => {
    expect(Properties).not.toHaveProperty('Enabled');
  });

  it.each(mappings)('%s reads a queue that hides messages for six function timeouts', (_id, { Properties }) => {
    const [queue = ''] = referencesIn(Properties.EventSourceArn);
    const [fn = ''] = referencesIn(Properties.FunctionName);
    const timeoutSeconds = Number(stack.resource(fn).Properties.Timeout);
    expect(stack.resource(queue).Properties.VisibilityTimeout).toBeGreaterThanOrEqual(6 * timeoutSeconds);
  });
});

describe('the schema', () => {
  const waiting = [
    ...USING_THE_SCHEMA,
    ...['AWS::Lambda::EventSourceMapping', 'AWS::Scheduler::Schedule'].flatMap((type) =>
      stack.ofType(type).map(([id]) => id),
    ),
  ];

  it.each(waiting)('is there before %s', (id) => {
    expect(prerequisitesOf(stack, id)).toContain('Schema');
  });

  it('is there before every route that leads to a function which uses it', () => {
    for (const [id] of stack.ofType('AWS::ApiGatewayV2::Route')) {
      const before = prerequisitesOf(stack, id);
      if (!before.has('Publish')) expect(before).toContain('Schema');
    }
  });

  it('is made once the database has a writer and its owner a login', () => {
    const before = prerequisitesOf(stack, 'Schema');
    const types = [...before].map((id) => stack.resources.get(id)?.Type);
    expect(types).toContain('AWS::RDS::DBInstance');
    expect(types).toContain('AWS::SecretsManager::SecretTargetAttachment');
    expect(before).toContain('Migrate');
  });

  it('is known by its version to who reports readiness', () => {
    const versions = readdirSync('migrations').flatMap((name) => /^V(\d+)__/.exec(name)?.[1] ?? []);
    const { Variables } = stack.resource('Health').Properties.Environment as { Variables: Record<string, unknown> };
    expect(Variables.SCHEMA_HEAD).toBe(String(Math.max(...versions.map(Number))));
  });

  it('is asked for again when the migrations or the secret of hook_svc change', () => {
    const { migrationsSha256, serviceSecretArn, ServiceTimeout } = stack.resource('Schema').Properties;
    expect(migrationsSha256).toMatch(/^[0-9a-f]{64}$/);
    expect(serviceSecretArn).toEqual({ Ref: 'ServiceSecret' });
    expect(Number(ServiceTimeout)).toBeGreaterThan(Number(stack.resource('Migrate').Properties.Timeout));
  });
});

describe('what holds data', () => {
  it.each([
    ['DatabaseCluster', 'Snapshot'],
    ['Key', 'Retain'],
    ['ControlBucket', 'Retain'],
  ])('%s has the deletion policy %s', (id, policy) => {
    expect(stack.resource(id).DeletionPolicy).toBe(policy);
    expect(stack.resource(id).UpdateReplacePolicy).toBe(policy);
  });
});

describe('the stack', () => {
  it('stays well under the 500 resources of CloudFormation', () => {
    expect(stack.resources.size).toBeLessThan(400);
  });

  it('gives no physical name to what CloudFormation can name, so that two stages fit in one account', () => {
    const naming = /^(QueueName|BucketName|FunctionName|RoleName|PolicyName|LogGroupName|DBClusterIdentifier|KeyId)$/;
    const named = [...stack.resources].filter(([, { Type, Properties }]) =>
      Object.entries(Properties).some(
        ([key, value]) =>
          naming.test(key) &&
          typeof value === 'string' &&
          // Inline policies are named within their role.
          Type !== 'AWS::IAM::Policy',
      ),
    );
    expect(named.map(([id]) => id)).toEqual([]);
  });

  it('reports what the command and the tests look up', () => {
    expect(Object.keys(stack.template.findOutputs('*')).sort()).toEqual(
      [
        'ApiUrl',
        'BusName',
        'BusArn',
        'KeyArn',
        'ClusterArn',
        'OwnerSecretArn',
        'ServiceSecretArn',
        'DatabaseName',
        'ControlBucketName',
        'EventsQueueUrl',
        'DeliveriesQueueUrl',
        'RetriesQueueUrl',
        'DeadLettersQueueUrl',
        'CapturesQueueUrl',
      ].sort(),
    );
  });
});
