import { afterEach, describe, expect, it } from '@jest/globals';
import type { SQSRecord } from 'aws-lambda';
import { faultBackoffMs, sqsBatchHandler } from '../../lambdas/adapters/batch/sqs-batch.ts';
import { readEnvironment, readSettings } from '../../lambdas/adapters/environment/environment.ts';
import { createLog } from '../../lambdas/adapters/log/log.ts';
import { createMetrics } from '../../lambdas/adapters/metrics/metrics.ts';
import { queueUrlFromArn } from '../../lambdas/adapters/queues/queue-url.ts';

const ARN = 'arn:aws:sqs:eu-central-1:123456789012:Retries-XY';

function record(messageId: string, receiveCount = 1): SQSRecord {
  const times = { SentTimestamp: '0', SenderId: 'x', ApproximateFirstReceiveTimestamp: '0' };
  return {
    messageId,
    receiptHandle: `handle of ${messageId}`,
    body: '',
    attributes: { ApproximateReceiveCount: String(receiveCount), ...times },
    messageAttributes: {},
    md5OfBody: '',
    eventSource: 'aws:sqs',
    eventSourceARN: ARN,
    awsRegion: 'eu-central-1',
  };
}

describe('the environment', () => {
  const before = { ...process.env };
  afterEach(() => {
    process.env = { ...before };
  });

  it('names all that is missing at once', () => {
    process.env.KEY_ARN = 'key';
    process.env.BUS_NAME = '';
    expect(() => readEnvironment(['KEY_ARN', 'BUS_NAME', 'CONTROL_BUCKET'])).toThrow(/BUS_NAME.*CONTROL_BUCKET/);
    expect(readEnvironment(['KEY_ARN'])).toEqual({ KEY_ARN: 'key' });
  });

  it('names every malformed setting', () => {
    process.env.SETTINGS = '{"stage":1}';
    expect(() => readSettings()).toThrow(/SETTINGS\.stage.*SETTINGS\.openTtlSeconds/);
    process.env.SETTINGS = 'nonsense';
    expect(() => readSettings()).toThrow(/SETTINGS/);
  });
});

describe('a batch', () => {
  const changes: unknown[] = [];
  const queues = {
    changeVisibility: async (...call: unknown[]) => {
      changes.push(...call);
      return { failed: 0 };
    },
  };
  afterEach(() => {
    changes.length = 0;
  });

  it('reports what is kept, and hides it for its time, rounded up', async () => {
    const run = async ([first, second, third]: readonly SQSRecord[]) => [
      { record: first ?? record('none'), afterMs: 1_001 },
      { record: third ?? second ?? record('none') },
    ];
    const handler = sqsBatchHandler({ run, onFault: () => undefined, queues });
    const response = await handler({ Records: ['a', 'b', 'c'].map((id) => record(id)) });
    expect(response.batchItemFailures).toEqual([{ itemIdentifier: 'a' }, { itemIdentifier: 'c' }]);
    expect(changes).toEqual([queueUrlFromArn(ARN), [{ receiptHandle: 'handle of a', timeoutSeconds: 2 }]]);
  });

  it('that fails as a whole keeps all, each with its backoff', async () => {
    const faults: unknown[] = [];
    const fault = new Error('no database');
    const handler = sqsBatchHandler({
      run: () => Promise.reject(fault),
      onFault: (error) => faults.push(error),
      queues,
    });
    const response = await handler({ Records: [record('a', 1), record('b', 3)] });
    expect(response.batchItemFailures).toHaveLength(2);
    expect(faults).toEqual([fault]);
    expect(changes[1]).toMatchObject([{ timeoutSeconds: 30 }, { timeoutSeconds: 120 }]);
  });

  it.each([
    [1, 30_000],
    [2, 60_000],
    [6, 900_000],
    [900, 900_000],
  ])('receive %i waits %i ms after a fault', (receives, ms) => {
    expect(faultBackoffMs(record('a', receives))).toBe(ms);
  });
});

describe('the URL of a queue', () => {
  it('follows from its ARN', () => {
    expect(queueUrlFromArn(ARN)).toBe('https://sqs.eu-central-1.amazonaws.com/123456789012/Retries-XY');
    expect(queueUrlFromArn('arn:aws-cn:sqs:cn-north-1:1:Q')).toBe('https://sqs.cn-north-1.amazonaws.com.cn/1/Q');
    expect(() => queueUrlFromArn('arn:aws:s3:::bucket')).toThrow(RangeError);
  });
});

describe('metrics', () => {
  it('are one line a batch: one namespace, one dimension, ids as properties', () => {
    const lines: string[] = [];
    const metrics = createMetrics({ stage: 'dev', now: () => 1_000, write: (line) => lines.push(line) });
    metrics.batch().write();
    expect(lines).toEqual([]);
    const batch = metrics.batch();
    batch.count('hook_delivery_attempts_total', 2);
    batch.count('hook_delivery_attempts_total');
    batch.value('hook_delivery_duration_seconds', 0.5);
    batch.value('hook_delivery_duration_seconds', 1.5);
    batch.write({ webhookId: 'w' });
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      {
        _aws: {
          Timestamp: 1_000,
          CloudWatchMetrics: [
            {
              Namespace: 'Tidegate',
              Dimensions: [['stage']],
              Metrics: [
                { Name: 'hook_delivery_attempts_total', Unit: 'Count' },
                { Name: 'hook_delivery_duration_seconds', Unit: 'Seconds' },
              ],
            },
          ],
        },
        stage: 'dev',
        webhookId: 'w',
        hook_delivery_attempts_total: 3,
        hook_delivery_duration_seconds: [0.5, 1.5],
      },
    ]);
  });
});

describe('the log', () => {
  it('is one JSON line, and of an error only what quotes nobody', () => {
    const lines: string[] = [];
    const log = createLog({ source: 'Deliver', now: () => 0, write: (line) => lines.push(line) });
    const cause = Object.assign(new Error('payload {"card":"4111"}'), { code: 'ECONNRESET' });
    const error = Object.assign(new Error('invalid input "4111"', { cause }), { code: 'STATEMENT', sqlState: '22P02' });
    log.error('results_not_recorded', { results: 3, error });
    expect(lines).toHaveLength(1);
    expect(lines[0]).not.toContain('4111');
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      level: 'error',
      source: 'Deliver',
      what: 'results_not_recorded',
      results: 3,
      error: 'Error',
      code: 'STATEMENT',
      sqlState: '22P02',
      cause: 'Error ECONNRESET',
    });
  });
});
