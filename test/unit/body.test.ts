import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { receiverBody, withRawMember } from '../../lambdas/domain/body/receiver-body.ts';

const data = '{ "amount":1.0,"id":12345678901234567890 }';
const event = { eventId: 'ord-1', eventType: 'order.paid', timestamp: '2026-11-22T17:05:00.000Z', data };

describe('receiver body', () => {
  it('v1', () => {
    expect(receiverBody({ ...event, apiVersion: 'v1', objectType: 'order', objectId: '1' })).toBe(
      `{"id":"ord-1","event_type":"order.paid","timestamp":"2026-11-22T17:05:00.000Z","object_type":"order","object_id":"1","data":${data}}`,
    );
    expect(receiverBody({ ...event, apiVersion: 'v1' })).toBe(
      `{"id":"ord-1","event_type":"order.paid","timestamp":"2026-11-22T17:05:00.000Z","data":${data}}`,
    );
  });

  it('v2', () => {
    expect(receiverBody({ ...event, apiVersion: 'v2', objectType: 'order', objectId: '1' })).toBe(
      `{"type":"order.paid","timestamp":"2026-11-22T17:05:00.000Z","data":${data}}`,
    );
  });

  it('is valid JSON around any payload and any id', () => {
    fc.assert(
      fc.property(
        fc.json(),
        fc.string({ unit: 'binary' }),
        fc.constantFrom('v1' as const, 'v2' as const),
        (raw, eventId, apiVersion) => {
          const text = receiverBody({ ...event, apiVersion, eventId, data: raw });
          expect(JSON.parse(text)).toMatchObject({ timestamp: event.timestamp, data: JSON.parse(raw) });
          expect(text.endsWith(`"data":${raw}}`)).toBe(true);
        },
      ),
    );
  });

  it('takes a raw member into an empty object too', () => {
    expect(withRawMember({}, 'pay"load', '1.0')).toBe('{"pay\\"load":1.0}');
  });
});
