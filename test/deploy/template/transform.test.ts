import { describe, expect, it } from '@jest/globals';
import { transformTemplate } from './transform.ts';

function template(resources: Record<string, object>) {
  return { Resources: resources };
}

function transformed(resources: Record<string, object>) {
  const { template: result, changes } = transformTemplate(template(resources));
  return { resources: (result as { Resources: Record<string, object> }).Resources, changes };
}

function policy(statement: object) {
  return { Type: 'AWS::IAM::Policy', Properties: { PolicyDocument: { Statement: [statement] } } };
}

describe('types', () => {
  it('leaves alone what deploys as it is', () => {
    const queue = { Type: 'AWS::SQS::Queue', Properties: { VisibilityTimeout: 30 }, DeletionPolicy: 'Delete' };
    expect(transformed({ Queue: queue })).toEqual({ resources: { Queue: queue }, changes: [] });
  });

  it.each([
    ['an archive', { Type: 'AWS::Events::Archive', Properties: { RetentionDays: 1 } }],
    ['a composite alarm', { Type: 'AWS::CloudWatch::CompositeAlarm', Properties: { AlarmRule: 'FALSE' } }],
    ['an alarm over several metrics', { Type: 'AWS::CloudWatch::Alarm', Properties: { Metrics: [] } }],
  ])('takes the effect from %s, and says so', (_name, resource) => {
    const { resources, changes } = transformed({ Thing: resource });
    expect(resources.Thing).toEqual({ Type: 'AWS::CloudFormation::WaitConditionHandle' });
    expect(changes).toEqual([expect.stringContaining(`retyped ${resource.Type}`)]);
  });

  it('keeps an alarm over one metric', () => {
    const alarm = { Type: 'AWS::CloudWatch::Alarm', Properties: { MetricName: 'Errors' } };
    expect(transformed({ Alarm: alarm }).resources.Alarm).toEqual(alarm);
  });

  it('refuses what nobody has tried, naming every one', () => {
    const resources = { Table: { Type: 'AWS::DynamoDB::Table' }, Other: { Type: 'Custom::Other' } };
    expect(() => transformTemplate(template(resources))).toThrow(
      expect.objectContaining({
        code: 'UNTRIED_TYPE',
        message: expect.stringMatching(/AWS::DynamoDB::Table \(Table\)\n +Custom::Other \(Other\)/),
      }),
    );
  });
});

describe('policies', () => {
  it('adds the batch name beside the single one, whether alone or in a list', () => {
    const { resources, changes } = transformed({
      One: policy({ Action: 'sqs:SendMessage', Resource: 'arn:q' }),
      Several: policy({ Action: ['sqs:DeleteMessage', 'sqs:GetQueueAttributes'], Resource: 'arn:q' }),
    });
    expect(resources).toEqual({
      One: policy({ Action: ['sqs:SendMessage', 'sqs:SendMessageBatch'], Resource: 'arn:q' }),
      Several: policy({
        Action: ['sqs:DeleteMessage', 'sqs:GetQueueAttributes', 'sqs:DeleteMessageBatch'],
        Resource: 'arn:q',
      }),
    });
    expect(changes).toHaveLength(2);
  });

  it('lets a cluster be described by its ARN within an ARN, and nothing else', () => {
    const { resources } = transformed({
      Describe: policy({ Action: 'rds:DescribeDBClusters', Resource: 'arn:c' }),
      Execute: policy({ Action: 'rds-data:ExecuteStatement', Resource: 'arn:c' }),
    });
    expect(resources.Describe).toEqual(
      policy({
        Action: 'rds:DescribeDBClusters',
        Resource: ['arn:c', { 'Fn::Join': ['', expect.arrayContaining([':cluster:', 'arn:c'])] }],
      }),
    );
    expect(resources.Execute).toEqual(policy({ Action: 'rds-data:ExecuteStatement', Resource: 'arn:c' }));
  });
});

describe('secrets', () => {
  it('names them by ARN wherever they are referred to, and nothing else', () => {
    const { resources, changes } = transformed({
      Secret: { Type: 'AWS::SecretsManager::Secret' },
      Queue: { Type: 'AWS::SQS::Queue' },
      Use: {
        Type: 'AWS::Lambda::Function',
        Properties: { Environment: { Variables: { SECRET: { Ref: 'Secret' }, QUEUE: { Ref: 'Queue' } } } },
      },
    });
    expect(resources.Use).toEqual({
      Type: 'AWS::Lambda::Function',
      Properties: {
        Environment: { Variables: { SECRET: { 'Fn::GetAtt': ['Secret', 'Id'] }, QUEUE: { Ref: 'Queue' } } },
      },
    });
    expect(changes).toEqual([expect.stringContaining('1 ')]);
  });
});
