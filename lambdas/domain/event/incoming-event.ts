import { ApiError, type ApiErrorBody } from '../api-error/api-error.ts';
import { parseJsonBody } from '../api-error/json-body.ts';
import { parseRequest } from '../api-error/validation.ts';
import { elementSlices, memberSlices, rawText } from '../raw-json/raw-json.ts';
import { hasForbiddenJsonCharacters } from '../text/forbidden-characters.ts';
import {
  EVENT_BATCH_BODY_MAX_BYTES,
  EVENT_BODY_MAX_BYTES,
  eventBatchEnvelopeSchema,
  eventSchema,
} from './event-request.ts';

/** An event that the API takes, before it has a uuid. */
export interface IncomingEvent {
  readonly eventId?: string | undefined;
  readonly type: string;
  readonly objectType?: string | undefined;
  readonly objectId?: string | undefined;
  /** ISO 8601 UTC. */
  readonly occurredAt?: string | undefined;
  /** Raw JSON text of `data`, byte for byte as sent. */
  readonly payload: string;
}

export type BatchItem =
  | { readonly ok: true; readonly event: IncomingEvent }
  /** `field` is relative to the event. */
  | { readonly ok: false; readonly error: ApiErrorBody };

/**
 * Reads POST /v1/events.
 * @throws ApiError PAYLOAD_TOO_LARGE over 204,800 bytes, VALIDATION_ERROR with the field.
 * Source: design sections 3 and 10.
 */
export function parseEvent(body: Uint8Array): IncomingEvent {
  refuseOversize(body.length, EVENT_BODY_MAX_BYTES);
  const { text, value } = parseJsonBody(body);
  return readEvent(text, value);
}

/**
 * Reads POST /v1/events/batch: one item for each event, in order; one bad event spoils no other.
 * @throws ApiError PAYLOAD_TOO_LARGE over 1,048,576 bytes, VALIDATION_ERROR when the batch itself is malformed.
 * Source: design sections 3 and 10.
 */
export function parseEventBatch(body: Uint8Array): readonly BatchItem[] {
  refuseOversize(body.length, EVENT_BATCH_BODY_MAX_BYTES);
  const { text, value } = parseJsonBody(body);
  const { events } = parseRequest(eventBatchEnvelopeSchema, value);
  const slices = elementSlices(text, memberSlices(text)?.get('events')) ?? [];
  return slices.map((slice, index) => readBatchItem(rawText(text, slice), events[index]));
}

function readBatchItem(text: string, value: unknown): BatchItem {
  try {
    refuseOversize(Buffer.byteLength(text), EVENT_BODY_MAX_BYTES);
    return { ok: true, event: readEvent(text, value) };
  } catch (error) {
    if (error instanceof ApiError) return { ok: false, error: error.toBody() };
    throw error;
  }
}

function readEvent(text: string, value: unknown): IncomingEvent {
  const { data: _parsed, ...head } = parseRequest(eventSchema, value);
  const data = memberSlices(text)?.get('data');
  if (data === undefined) throw new RangeError('a parsed event has data');
  const payload = rawText(text, data);
  if (hasForbiddenJsonCharacters(text)) {
    const field = hasForbiddenJsonCharacters(payload) ? 'data' : undefined;
    throw new ApiError('VALIDATION_ERROR', 'U+0000 and lone surrogates cannot be stored', { field });
  }
  return { ...head, payload };
}

function refuseOversize(bytes: number, maxBytes: number): void {
  if (bytes > maxBytes) throw new ApiError('PAYLOAD_TOO_LARGE', `the limit is ${maxBytes} bytes, this has ${bytes}`);
}
