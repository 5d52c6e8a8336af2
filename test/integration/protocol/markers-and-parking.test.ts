import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { sqsBatchHandler } from '../../../lambdas/adapters/batch/sqs-batch.ts';
import { deadLetter } from '../../../lambdas/dead-letter/dead-letter.ts';
import { sweep } from '../../../lambdas/sweeper/sweep.ts';
import type { SweepContext } from '../../../lambdas/sweeper/sweep-context.ts';
import { eventually } from '../../support/eventually.ts';
import { addDelivery, readDelivery } from '../adapters/delivery-row.ts';
import { addWebhook, newAccount, type TestWebhook } from '../adapters/pipeline.ts';
import { byId, type DeliverBench, recordOf, startDeliverBench } from './deliver-bench.ts';

const MINUTE = 60_000;
let bench: DeliverBench;
let webhook: TestWebhook;

beforeAll(async () => {
  bench = await startDeliverBench();
});
afterAll(() => bench.stop());
beforeEach(async () => {
  bench.receiver.requests.length = 0;
  bench.receiver.answer = (response) => void response.writeHead(204).end();
  webhook = await addWebhook(bench.pipeline, { accountId: newAccount(), url: bench.receiver.url });
});

const row = (id: string) => readDelivery(bench.pipeline, id);

function sweepContext(overrides: Partial<SweepContext> = {}): SweepContext {
  const { database, queues, controlBucket, log, metrics } = bench.pipeline;
  return {
    ...{ database, queues, controlBucket, log, metrics },
    settings: { openTtlSeconds: 14_400, holdRetentionDays: 14 },
    retriesQueueUrl: bench.pipeline.queueUrl('retries'),
    deadLettersQueueUrl: bench.pipeline.queueUrl('dead-letters'),
    now: Date.now,
    newToken: randomUUID,
    limit: 1_000,
    ...overrides,
  };
}

/** The dead-letter function, for what SQS redrove by itself. */
function redriven(message: object) {
  const { database, controlBucket, log, metrics, queues } = bench.pipeline;
  const settings = { openTtlSeconds: 14_400, callbackTimeoutSeconds: 900 };
  const bus = { putAll: async () => [] };
  const context = { database, bus, controlBucket, log, metrics, settings, now: Date.now };
  const handler = sqsBatchHandler({ run: (records) => deadLetter(context, records), onFault: () => undefined, queues });
  return handler({ Records: [recordOf(message, { queue: 'dead-letters' })] });
}

describe('a message that SQS gave up on', () => {
  it('parks its row, and the lease of whoever is sending by another message stays', async () => {
    const id = await addDelivery(bench.pipeline, webhook);
    let answer: (() => void) | undefined;
    bench.receiver.answer = (response) => {
      answer = () => void response.writeHead(500).end();
    };
    const sending = bench.handler()({ Records: [recordOf(byId(id))] });
    await eventually(() => answer !== undefined);
    expect(await redriven(byId(id))).toEqual({ batchItemFailures: [] });
    expect(await row(id)).toMatchObject({ carrier: 'parked', claimed_by: 'deliver' });
    await sweep(sweepContext());
    expect(await bench.pipeline.receive('retries')).toEqual([]);
    answer?.();
    await sending;
    expect(await row(id)).toMatchObject({ status: 'FAILED_RETRY', attempts: 1, claim_token: null });
    expect(bench.receiver.requests).toHaveLength(1);
  });

  it('has its row swept once the lease is over', async () => {
    const lease = { claimed_until: new Date(Date.now() + MINUTE), claim_token: randomUUID(), claimed_by: 'deliver' };
    const id = await addDelivery(bench.pipeline, webhook, lease);
    await redriven(byId(id));
    await sweep(sweepContext());
    await sweep(sweepContext({ now: () => Date.now() + 2 * MINUTE }));
    expect((await bench.pipeline.receive('retries')).map(({ body }) => JSON.parse(body).deliveryId)).toEqual([id]);
  });
});
