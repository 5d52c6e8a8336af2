import { gunzipSync } from 'node:zlib';
import type { SQSRecord } from 'aws-lambda';
import { z } from 'zod';
import { isEventType, isReservedEventType } from '../domain/event-type/event-type.ts';
import { eventUuidFrom } from '../domain/ids/event-uuid.ts';
import { isoTimeSchema } from '../domain/iso-time/iso-time.ts';
import {
  type AcceptedEvent,
  API_SOURCE,
  apiDetailSchema,
  directDetailSchema,
  OPERATIONAL_SOURCE,
} from '../domain/messages/bus-entry.ts';
import { rawMember } from '../domain/raw-json/raw-json.ts';
import { hasForbiddenCharacters, hasForbiddenJsonCharacters } from '../domain/text/forbidden-characters.ts';

/** An event to be recorded, whoever put it on the bus. */
export interface FanOutEvent {
  readonly eventUuid: string;
  readonly accountId: string;
  /** What the receiver sees as `id`; null: the event uuid. */
  readonly eventId: string | null;
  /** Idempotency key: the caller's eventId, or the envelope's id of a direct producer. */
  readonly key: string | null;
  readonly type: string;
  readonly objectType: string | null;
  readonly objectId: string | null;
  /** ISO 8601 UTC. */
  readonly occurredAt: string | null;
  readonly acceptedAtMs: number;
  /** Raw JSON text of `data`. */
  readonly payload: string;
  /** Only this webhook, whatever its filter. */
  readonly webhookId: string | null;
}

export type EnvelopeReading =
  | { readonly kind: 'events'; readonly events: readonly FanOutEvent[] }
  /**
   * `from: 'api'`: an entry of our own publish function that this version cannot read, as in the minutes of a rollback;
   * a deploy mends it, so it stays in the queue. `from: 'producer'`: a direct producer's mistake, which no deploy of
   * ours mends; it is refused, as the API would refuse it.
   */
  | { readonly kind: 'unreadable'; readonly from: 'api' | 'producer'; readonly reason: string };

const envelopeSchema = z.object({
  id: z.string().min(1).max(128),
  source: z.string(),
  'detail-type': z.string(),
  detail: z.unknown(),
});

type Envelope = z.output<typeof envelopeSchema>;

/** Over it a gzipped payload is none of ours; the API takes 204,800 bytes. */
const LARGEST_PAYLOAD_BYTES = 1_000_000;

/** Reads what the bus's rule put on the events queue. Reasons name fields, never values. */
export function readEnvelope(record: SQSRecord): EnvelopeReading {
  const envelope = parseWith(envelopeSchema, record.body);
  if (!envelope.ok) return { kind: 'unreadable', from: 'producer', reason: envelope.reason };
  return envelope.value.source === API_SOURCE ? readApiEntry(envelope.value) : readDirectEntry(envelope.value, record);
}

function readApiEntry({ detail }: Envelope): EnvelopeReading {
  const parsed = apiDetailSchema.safeParse(detail);
  if (!parsed.success) return { kind: 'unreadable', from: 'api', reason: reasonOf(parsed.error) };
  try {
    return { kind: 'events', events: parsed.data.events.map(fromAccepted) };
  } catch {
    return { kind: 'unreadable', from: 'api', reason: 'a payload that does not unpack' };
  }
}

function fromAccepted(event: AcceptedEvent): FanOutEvent {
  const payload =
    event.payloadEncoding === undefined
      ? event.payload
      : gunzipSync(Buffer.from(event.payload, 'base64'), { maxOutputLength: LARGEST_PAYLOAD_BYTES }).toString('utf8');
  return {
    eventUuid: event.eventUuid,
    accountId: event.accountId,
    eventId: event.eventId ?? null,
    key: event.eventId ?? null,
    type: event.type,
    objectType: event.objectType ?? null,
    objectId: event.objectId ?? null,
    occurredAt: event.occurredAt ?? null,
    acceptedAtMs: event.acceptedAt,
    payload,
    webhookId: event.webhookId ?? null,
  };
}

function readDirectEntry(envelope: Envelope, record: SQSRecord): EnvelopeReading {
  const refused = (reason: string): EnvelopeReading => ({ kind: 'unreadable', from: 'producer', reason });
  const type = envelope['detail-type'];
  if (!isEventType(type)) return refused('detail-type: not an event type');
  if (isReservedEventType(type) && envelope.source !== OPERATIONAL_SOURCE) return refused('detail-type: reserved');
  const parsed = directDetailSchema.safeParse(envelope.detail);
  if (!parsed.success) return refused(`detail.${reasonOf(parsed.error)}`);
  const { data: _data, occurredAt, ...head } = parsed.data;
  if (Object.values(head).some((text) => text !== undefined && hasForbiddenCharacters(text)))
    return refused('detail: U+0000 or a lone surrogate');
  // The raw slice: numbers such as 1.0 and 12345678901234567890 do not survive a parse.
  const payload = rawMember(rawMember(record.body, 'detail') ?? '{}', 'data');
  if (payload === undefined || hasForbiddenJsonCharacters(payload)) {
    return refused('detail.data: U+0000 or a lone surrogate');
  }
  const acceptedAtMs = Number(record.attributes.SentTimestamp);
  const event: FanOutEvent = {
    eventUuid: eventUuidFrom(acceptedAtMs, envelope.id),
    accountId: head.accountId,
    eventId: head.eventId ?? null,
    key: head.eventId ?? envelope.id,
    type,
    objectType: head.objectType ?? null,
    objectId: head.objectId ?? null,
    // A malformed time is no reason to lose an event: the acceptance stands in for it.
    occurredAt: isoTimeSchema.safeParse(occurredAt).data ?? null,
    acceptedAtMs,
    payload,
    webhookId: null,
  };
  return { kind: 'events', events: [event] };
}

function parseWith<T>(schema: z.ZodType<T>, text: string): { ok: true; value: T } | { ok: false; reason: string } {
  try {
    const parsed = schema.safeParse(JSON.parse(text));
    return parsed.success ? { ok: true, value: parsed.data } : { ok: false, reason: reasonOf(parsed.error) };
  } catch {
    return { ok: false, reason: 'not JSON' };
  }
}

function reasonOf(error: z.ZodError): string {
  return error.issues.map(({ path, code }) => `${path.join('.')}: ${code}`).join('; ');
}
