import type { SQSRecord } from 'aws-lambda';
import { faultBackoffMs, type Kept } from '../adapters/batch/sqs-batch.ts';
import type { ControlBucket } from '../adapters/control-bucket/control-bucket.ts';
import type { Database } from '../adapters/database/database.ts';
import { LOST_MARKER_AFTER_MS } from '../adapters/delivery-rows/lost-after.ts';
import { toSnapshot } from '../adapters/delivery-rows/webhook-snapshot.ts';
import type { Log } from '../adapters/log/log.ts';
import type { Metrics } from '../adapters/metrics/metrics.ts';
import type { Queues } from '../adapters/queues/queues.ts';
import { type FanOutMessage, newMessage, olderMessage } from './delivery-messages.ts';
import type { InsertedRow } from './insert-events.ts';
import { type FanOutEvent, readEnvelope } from './read-envelope.ts';
import { type Lease, packEvents, recordEvents } from './record-events.ts';

export interface FanOutContext {
  readonly database: Database;
  readonly queues: Queues;
  readonly controlBucket: ControlBucket;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly deliveriesQueueUrl: string;
  readonly retriesQueueUrl: string;
  readonly openTtlSeconds: number;
  readonly now: () => number;
  readonly newToken: () => string;
}

/** The lease under which deliveries are born: a queue wait and one attempt. Source: protocol, "Fan-out". */
const LEASE_MS = 120_000;

/**
 * Records a batch of events and enqueues their deliveries.
 * @returns the records that must come back: events that were not recorded, or a delivery of which was not enqueued.
 */
export async function fanOut(context: FanOutContext, records: readonly SQSRecord[]): Promise<Kept[]> {
  const { kept, events, recordsOf } = readRecords(context, records);
  const failed = new Set<string>();
  for (const part of packEvents(events)) {
    for (const eventUuid of await fanOutPart(context, part)) failed.add(eventUuid);
  }
  const comesBack = new Set([...failed].flatMap((eventUuid) => recordsOf.get(eventUuid) ?? []));
  const metrics = context.metrics.batch();
  metrics.count('hook_dispatch_events_received_total', events.length - failed.size);
  metrics.write({ records: records.length });
  return [...kept, ...[...comesBack].map((record) => ({ record, afterMs: faultBackoffMs(record) }))];
}

interface ReadRecords {
  readonly kept: Kept[];
  readonly events: FanOutEvent[];
  /** Two copies of one envelope carry the same event. */
  readonly recordsOf: ReadonlyMap<string, SQSRecord[]>;
}

function readRecords(context: FanOutContext, records: readonly SQSRecord[]): ReadRecords {
  const kept: Kept[] = [];
  const events: FanOutEvent[] = [];
  const recordsOf = new Map<string, SQSRecord[]>();
  for (const record of records) {
    const reading = readEnvelope(record);
    if (reading.kind === 'unreadable') {
      if (refuse(context, record, reading) === 'keep') kept.push({ record, afterMs: faultBackoffMs(record) });
      continue;
    }
    for (const event of reading.events) {
      events.push(event);
      recordsOf.set(event.eventUuid, [...(recordsOf.get(event.eventUuid) ?? []), record]);
    }
  }
  return { kept, events, recordsOf };
}

/**
 * A producer's malformed entry is dropped with a line that names it and a metric that raises an alarm: no later deploy
 * could read it, the bus takes no answer back to the producer, and 1,000 receives to the dead-letter queue would be
 * ten days of backoff in a queue that keeps four. An entry of our own API that cannot be read is another matter: the
 * sender was told 202. It comes back for those four days, until a version that can read it is there.
 */
function refuse(
  { log, metrics }: FanOutContext,
  record: SQSRecord,
  { from, reason }: { readonly from: 'api' | 'producer'; readonly reason: string },
): 'keep' | 'drop' {
  log.error(from === 'api' ? 'event_unreadable_kept' : 'event_refused', { messageId: record.messageId, reason });
  const batch = metrics.batch();
  batch.count('hook_dispatch_events_refused_total');
  batch.write({ messageId: record.messageId });
  return from === 'api' ? 'keep' : 'drop';
}

/** @returns uuids of the events that are not done. */
async function fanOutPart(context: FanOutContext, events: readonly FanOutEvent[]): Promise<string[]> {
  const { database, controlBucket, log, metrics, now } = context;
  const nowMs = now();
  const lease: Lease = {
    token: context.newToken(),
    claimedUntilMs: nowMs + LEASE_MS,
    nowMs,
    expiresMs: nowMs + context.openTtlSeconds * 1000,
  };
  // A bucket that is away stops nothing: the markers are only for lost messages, and are written with the next batch.
  await controlBucket
    .markDue([nowMs + LOST_MARKER_AFTER_MS, lease.expiresMs])
    .catch((error: unknown) => log.warn('marker_not_written', { error }));
  try {
    const { rows, poisoned } = await recordEvents(database, events, lease);
    for (const { event, error } of poisoned) log.error('event_poisonous', { eventUuid: event.eventUuid, error });
    return [...poisoned.map(({ event }) => event.eventUuid), ...(await enqueue(context, { events, rows, lease }))];
  } catch (error) {
    log.error('events_not_recorded', { events: events.length, error });
    const batch = metrics.batch();
    batch.count('hook_db_errors_total');
    batch.write();
    return events.map(({ eventUuid }) => eventUuid);
  }
}

interface Recorded {
  readonly events: readonly FanOutEvent[];
  readonly rows: readonly InsertedRow[];
  readonly lease: Lease;
}

/** @returns uuids of the events of which a message is not in its queue. */
async function enqueue(context: FanOutContext, recorded: Recorded): Promise<string[]> {
  const { queues, log } = context;
  const older = recorded.rows.flatMap((row) => (row.kind === 'older' ? [olderMessage(row)] : []));
  const failures = await Promise.all([
    queues.sendAll(context.deliveriesQueueUrl, newMessages(recorded)),
    queues.sendAll(context.retriesQueueUrl, older),
  ]);
  const failed = failures.flat();
  if (failed.length > 0) log.warn('deliveries_not_enqueued', { count: failed.length, code: failed[0]?.code });
  return failed.map(({ message }) => message.eventUuid);
}

function newMessages({ events, rows, lease }: Recorded): FanOutMessage[] {
  const byUuid = new Map(events.map((event) => [event.eventUuid, event]));
  const webhooks = new Map(rows.flatMap((row) => (row.kind === 'webhook' ? [[row.webhookId, row]] : [])));
  const claim = { token: lease.token, untilMs: lease.claimedUntilMs };
  return rows.flatMap((row) => {
    if (row.kind !== 'new') return [];
    const event = byUuid.get(row.eventUuid);
    const config = webhooks.get(row.webhookId);
    if (event === undefined || config === undefined) return [];
    const webhook = toSnapshot(config.snapshot, lease.nowMs);
    return [newMessage({ event, webhookId: row.webhookId, apiVersion: config.apiVersion, webhook, claim })];
  });
}
