import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { sqsBatchHandler } from '../../../lambdas/adapters/batch/sqs-batch.ts';
import { parseEvent } from '../../../lambdas/domain/event/incoming-event.ts';
import { newEventUuid } from '../../../lambdas/domain/ids/event-uuid.ts';
import { isoTimeSchema } from '../../../lambdas/domain/iso-time/iso-time.ts';
import { type AcceptedEvent, API_SOURCE } from '../../../lambdas/domain/messages/bus-entry.ts';
import { fanOut } from '../../../lambdas/fan-out/fan-out.ts';
import { addWebhook, type Handler, newAccount, type Pipeline, startPipeline } from '../adapters/pipeline.ts';
import { recordOf } from './deliver-bench.ts';

const HOUR = 3_600_000;
let pipeline: Pipeline;
let handler: Handler;

beforeAll(async () => {
  pipeline = await startPipeline();
  const { database, queues, controlBucket, log, metrics } = pipeline;
  const context = {
    ...{ database, queues, controlBucket, log, metrics },
    deliveriesQueueUrl: pipeline.queueUrl('deliveries'),
    retriesQueueUrl: pipeline.queueUrl('retries'),
    openTtlSeconds: 14_400,
    now: Date.now,
    newToken: randomUUID,
  };
  handler = sqsBatchHandler({ run: (records) => fanOut(context, records), onFault: () => undefined, queues });
});
afterAll(() => pipeline.stop());

function accepted(accountId: string, props: Partial<AcceptedEvent> = {}): AcceptedEvent {
  const acceptedAt = props.acceptedAt ?? Date.now();
  const eventUuid = newEventUuid(acceptedAt, randomBytes(16));
  return { eventUuid, accountId, type: 'order.created', acceptedAt, payload: '{"n":1}', ...props };
}

/** @returns how many records stay in their queue. */
async function run(events: readonly AcceptedEvent[]): Promise<number> {
  const entry = { id: randomUUID(), source: API_SOURCE, 'detail-type': 'batch', detail: { events } };
  const { batchItemFailures } = await handler({ Records: [recordOf(entry, { queue: 'events' })] });
  return batchItemFailures.length;
}
const deliveries = (accountId: string) =>
  pipeline.testDatabase.query<{ event_uuid: string }>(
    'SELECT event_uuid FROM hook.deliveries WHERE account_id = $1 ORDER BY delivery_id',
    [accountId],
  );

describe('an event that was accepted', () => {
  it('has a time that the database takes, whatever ISO 8601 allows', async () => {
    const days = ['0001-01-01', '0004-02-29', '1582-10-10', '1969-12-31', '2000-02-29', '2026-11-22', '9999-12-31'];
    const times = ['T00:00:00', 'T23:59:59', 'T23:59:59.999', `T12:00:00.${'1234567890'.repeat(4)}`];
    const zones = ['Z', '+00:00', '-00:00', '+14:00', '-14:00', '+23:59', '-23:59'];
    const texts = days.flatMap((day) => times.flatMap((time) => zones.map((zone) => `${day}${time}${zone}`)));
    const taken = texts.flatMap((text) => isoTimeSchema.safeParse(text).data ?? []);
    expect(taken.length).toBeGreaterThan(140);
    const refused: string[] = [];
    for (const text of taken) {
      await pipeline.testDatabase.query('SELECT $1::timestamptz', [text]).catch(() => refused.push(text));
    }
    expect(refused).toEqual([]);
  });

  it('is recorded at the end of time', async () => {
    const { accountId } = await addWebhook(pipeline, { accountId: newAccount() });
    const bodyAt = (occurredAt: string) => Buffer.from(JSON.stringify({ type: 'a', data: {}, occurredAt }));
    expect(() => parseEvent(bodyAt('9999-12-31T23:59:59-14:00'))).toThrow('year 9999');
    for (const occurredAt of ['9999-12-31T23:59:59.999Z', '0001-01-01T00:00:00Z']) {
      expect(await run([accepted(accountId, parseEvent(bodyAt(occurredAt)))])).toBe(0);
    }
    expect(await deliveries(accountId)).toHaveLength(2);
  });

  it('is delivered when its key was free again, even if both waited in one batch', async () => {
    const { accountId } = await addWebhook(pipeline, { accountId: newAccount() });
    const now = Date.now();
    const at = (hours: number) => accepted(accountId, { eventId: 'k', acceptedAt: now - hours * HOUR });
    const [first, within, free, again] = [at(60), at(20), at(2), at(1)];
    expect(await run([again, first, within, free])).toBe(0);
    const winners = (await deliveries(accountId)).map(({ event_uuid }) => event_uuid);
    expect(winners).toEqual([first.eventUuid, free.eventUuid]);
  });

  it('reaches its queue with characters that SQS does not take', async () => {
    const { accountId, webhookId } = await addWebhook(pipeline, { accountId: newAccount() });
    const payload = '{"a":"\uffff\ufffe\ufffd\u007f😀","\uffff":1}';
    expect(await run([accepted(accountId, { payload, objectId: '\uffff' })])).toBe(0);
    const [record] = (await pipeline.receive('deliveries')).filter(({ body }) => body.includes(webhookId));
    expect(JSON.parse(record?.body ?? '{}').event).toMatchObject({ payload, objectId: '\uffff' });
  });
});
