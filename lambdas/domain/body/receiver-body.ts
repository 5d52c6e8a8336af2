export interface ReceiverBodyProps {
  readonly apiVersion: 'v1' | 'v2';
  /** What the receiver sees as the event's id: the caller's `eventId`, else the event uuid. */
  readonly eventId: string;
  readonly eventType: string;
  /** ISO 8601 UTC: `occurredAt`, else acceptance. */
  readonly timestamp: string;
  readonly objectType?: string | undefined;
  readonly objectId?: string | undefined;
  /** Raw JSON text of the event's `data`, exactly as accepted. */
  readonly data: string;
}

/**
 * JSON text of the body that a receiver gets, built around the raw payload. Parsing and stringifying it instead would
 * turn 1.0 into 1 and round 12345678901234567890.
 * @returns v1 `{ id, event_type, timestamp, object_type?, object_id?, data }`, v2 `{ type, timestamp, data }`.
 * Source: design section 4.
 */
export function receiverBody(props: ReceiverBodyProps): string {
  return withRawMember(props.apiVersion === 'v1' ? v1Head(props) : v2Head(props), 'data', props.data);
}

/**
 * JSON text of an object with one more member, last, whose value is already JSON text and stays as it is.
 * @param head must stringify to an object without that member.
 */
export function withRawMember(head: Readonly<Record<string, unknown>>, name: string, rawValue: string): string {
  const text = JSON.stringify(head);
  const separator = text === '{}' ? '' : ',';
  return `${text.slice(0, -1)}${separator}${JSON.stringify(name)}:${rawValue}}`;
}

function v1Head(props: ReceiverBodyProps): Record<string, unknown> {
  return {
    id: props.eventId,
    event_type: props.eventType,
    timestamp: props.timestamp,
    object_type: props.objectType,
    object_id: props.objectId,
  };
}

function v2Head(props: ReceiverBodyProps): Record<string, unknown> {
  return { type: props.eventType, timestamp: props.timestamp };
}
