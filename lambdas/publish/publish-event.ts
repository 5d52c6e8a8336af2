import { gzipSync } from 'node:zlib';
import type { Bus } from '../adapters/bus/bus.ts';
import { type ApiRequest, requireScope } from '../adapters/http-in/api-request.ts';
import type { ApiResponse } from '../adapters/http-in/api-response.ts';
import { refuseQuery } from '../adapters/http-in/request-query.ts';
import { ApiError } from '../domain/api-error/api-error.ts';
import { parseEvent } from '../domain/event/incoming-event.ts';
import { newEventUuid } from '../domain/ids/event-uuid.ts';
import { type AcceptedEvent, API_SOURCE } from '../domain/messages/bus-entry.ts';
import { hasQueueForbiddenCharacters } from '../domain/text/queue-characters.ts';

export interface PublishContext {
  readonly bus: Bus;
  /** Cryptographically strong. */
  readonly randomBytes: (count: number) => Buffer;
}

/**
 * Escaped payloads above this travel gzipped: a dense body of 202 KB is over 256 KB as a JSON string, and that is what
 * an entry of EventBridge holds in all.
 */
const GZIP_ABOVE_BYTES = 204_800;
const RETRY_AFTER_SECONDS = 5;

/** POST /v1/events: 202 once the bus has it. Touches no database, so it goes on while that is down. */
export async function publishEvent({ bus, randomBytes }: PublishContext, request: ApiRequest): Promise<ApiResponse> {
  const caller = request.caller();
  requireScope(caller, 'events:write');
  refuseQuery(request);
  const { payload, ...event } = parseEvent(request.body());
  const eventUuid = newEventUuid(request.receivedAtMs, randomBytes(16));
  const accepted: AcceptedEvent = {
    ...event,
    eventUuid,
    accountId: caller.accountId,
    acceptedAt: request.receivedAtMs,
    ...packed(payload),
  };
  const detail = JSON.stringify({ events: [accepted] });
  const [failure] = await bus.putAll([{ source: API_SOURCE, detailType: event.type, detail }]);
  if (failure !== undefined) {
    throw new ApiError('UNAVAILABLE', 'the event was not accepted: the bus is away; send it again', {
      retryAfterSeconds: RETRY_AFTER_SECONDS,
      // So that the log says why.
      cause: Object.assign(new Error('PutEvents did not take the entry'), { code: failure.code }),
    });
  }
  return { status: 202, body: { eventId: event.eventId ?? eventUuid } };
}

function packed(payload: string): Pick<AcceptedEvent, 'payload' | 'payloadEncoding'> {
  // The bus hands its entry to a queue, in an escaping of its own.
  const isTaken = !hasQueueForbiddenCharacters(payload);
  // Escaping at most doubles the bytes of a JSON text, so small ones need no second look.
  if (isTaken && Buffer.byteLength(payload) * 2 <= GZIP_ABOVE_BYTES) return { payload };
  if (isTaken && Buffer.byteLength(JSON.stringify(payload)) <= GZIP_ABOVE_BYTES) return { payload };
  return { payload: gzipSync(payload).toString('base64'), payloadEncoding: 'gzip-base64' };
}
