import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { validate, version } from 'uuid';
import { deliveryId } from '../../lambdas/domain/ids/delivery-id.ts';
import { eventUuidFrom, newEventUuid } from '../../lambdas/domain/ids/event-uuid.ts';
import { isUuid, uuidBytes, uuidCeiling, uuidFloor, uuidText, uuidTimeMs } from '../../lambdas/domain/ids/uuid.ts';

const time = fc.integer({ min: 0, max: 2 ** 48 - 1 });
const bytes16 = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => Buffer.from(bytes));

describe('event uuid', () => {
  it('is the version 7 example of RFC 9562 for its own bits', () => {
    const random = Buffer.from('0000000000000cc318c4dc0c0c07398f', 'hex');
    expect(newEventUuid(0x017f22e279b0, random)).toBe('017f22e2-79b0-7cc3-98c4-dc0c0c07398f');
  });

  it('carries its time, is a valid v7, and lies between floor and ceiling', () => {
    fc.assert(
      fc.property(time, bytes16, (ms, random) => {
        const id = newEventUuid(ms, random);
        expect(validate(id)).toBe(true);
        expect(version(id)).toBe(7);
        expect(uuidTimeMs(id)).toBe(ms);
        expect(uuidFloor(ms) <= id && id <= uuidCeiling(ms)).toBe(true);
      }),
    );
  });

  it('leaves the injected bytes alone', () => {
    const random = Buffer.alloc(16, 7);
    newEventUuid(1, random);
    expect(random).toEqual(Buffer.alloc(16, 7));
  });

  it('of an envelope is the same for the same envelope, and another for another', () => {
    const id = eventUuidFrom(1_700_000_000_000, 'envelope-1');
    expect(eventUuidFrom(1_700_000_000_000, 'envelope-1')).toBe(id);
    expect(eventUuidFrom(1_700_000_000_000, 'envelope-2')).not.toBe(id);
    expect(version(id)).toBe(7);
    expect(uuidTimeMs(id)).toBe(1_700_000_000_000);
  });

  it.each([-1, 1.5, 2 ** 48, Number.NaN])('refuses the time %p', (ms) => {
    expect(() => newEventUuid(ms, Buffer.alloc(16))).toThrow(RangeError);
    expect(() => uuidFloor(ms)).toThrow(RangeError);
  });

  it('refuses too few random bytes', () => {
    expect(() => newEventUuid(1, Buffer.alloc(15))).toThrow(RangeError);
  });
});

describe('delivery id', () => {
  it('is built from the definition, byte for byte', () => {
    fc.assert(
      fc.property(fc.uuid(), fc.uuid(), (event, webhook) => {
        const raw = Buffer.from((event + webhook).replaceAll('-', ''), 'hex');
        const h = createHash('sha256').update(raw).digest('hex');
        const sixth = `8${h[1]}`;
        const eighth = (0x80 | (Number.parseInt(h.slice(4, 6), 16) & 0x3f)).toString(16);
        const expected = event.replaceAll('-', '').slice(0, 12) + sixth + h.slice(2, 4) + eighth + h.slice(6, 20);
        expect(deliveryId(event, webhook).replaceAll('-', '')).toBe(expected);
      }),
    );
  });

  it('is a version 8 UUID with the time of its event, and differs by webhook', () => {
    const event = newEventUuid(1_790_000_000_123, Buffer.alloc(16, 0xab));
    const id = deliveryId(event, '0b1c7a52-7f0e-4c1b-9d0f-64b0b9a1f4aa');
    expect(version(id)).toBe(8);
    expect(uuidTimeMs(id)).toBe(1_790_000_000_123);
    expect(deliveryId(event, '0b1c7a52-7f0e-4c1b-9d0f-64b0b9a1f4ab')).not.toBe(id);
    expect(deliveryId(event.toUpperCase(), '0B1C7A52-7F0E-4C1B-9D0F-64B0B9A1F4AA')).toBe(id);
  });

  it('refuses what is no UUID', () => {
    expect(() => deliveryId('x', '0b1c7a52-7f0e-4c1b-9d0f-64b0b9a1f4aa')).toThrow(
      expect.objectContaining({ code: 'INVALID_UUID' }),
    );
  });
});

describe('uuid text', () => {
  it('round trips through bytes, also out of a larger buffer', () => {
    fc.assert(
      fc.property(bytes16, (bytes) => {
        expect(uuidBytes(uuidText(bytes))).toEqual(bytes);
        expect(uuidText(Buffer.concat([Buffer.alloc(5), bytes]).subarray(5))).toBe(uuidText(bytes));
      }),
    );
  });

  it.each([
    '',
    'abc',
    '0b1c7a527f0e4c1b9d0f64b0b9a1f4aa',
    '{0b1c7a52-7f0e-4c1b-9d0f-64b0b9a1f4aa}',
    ' 0b1c7a52-7f0e-4c1b-9d0f-64b0b9a1f4aa',
    '0b1c7a52-7f0e-4c1b-9d0f-64b0b9a1f4aa\n',
    42,
    null,
  ])('is not %p', (text) => expect(isUuid(text)).toBe(false));
});
