import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { z } from 'zod';
import { ApiError } from '../../lambdas/domain/api-error/api-error.ts';
import { eventBatchSchema, eventSchema } from '../../lambdas/domain/event/event-request.ts';
import { parseEvent, parseEventBatch } from '../../lambdas/domain/event/incoming-event.ts';

const single = (text: string) => parseEvent(Buffer.from(text));
const batch = (text: string) => parseEventBatch(Buffer.from(text));
function refusalOf(parse: () => unknown) {
  try {
    parse();
  } catch (error) {
    if (error instanceof ApiError) return error.toBody();
    throw error;
  }
  return 'accepted';
}

describe('one event', () => {
  it('keeps its data byte for byte', () => {
    expect(single('{ "type":"order.paid", "data" : {"n": 1.0, "big":12345678901234567890,"s":"\\u00e9"} }')).toEqual({
      type: 'order.paid',
      payload: '{"n": 1.0, "big":12345678901234567890,"s":"\\u00e9"}',
    });
  });

  it('takes the last of two members of one name, checked and sent alike', () => {
    expect(single('{"type":"a","data":{"x":1},"d\\u0061ta":{"x":2}}').payload).toBe('{"x":2}');
    expect(refusalOf(() => single('{"type":"a","data":{"x":1},"data":[]}'))).toMatchObject({ field: 'data' });
  });

  it('takes all its fields; times become UTC', () => {
    const text =
      '{"eventId":"k","type":"a","data":{},"objectType":"t","objectId":"1","occurredAt":"2026-01-01T02:00:00+02:00"}';
    expect(single(text)).toEqual({
      eventId: 'k',
      type: 'a',
      objectType: 't',
      objectId: '1',
      occurredAt: '2026-01-01T00:00:00.000Z',
      payload: '{}',
    });
    expect(single('{"type":"a","data":{},"occurredAt":"2026-01-01T00:00:00Z"}').occurredAt).toBe(
      '2026-01-01T00:00:00Z',
    );
  });

  it.each([
    ['{"data":{}}', 'type'],
    ['{"type":"a"}', 'data'],
    ['{"type":"a","data":[]}', 'data'],
    ['{"type":"a","data":null}', 'data'],
    ['{"type":"a","data":"x"}', 'data'],
    ['{"type":"a b","data":{}}', 'type'],
    [`{"type":"${'x'.repeat(129)}","data":{}}`, 'type'],
    ['{"type":"webhook.test","data":{}}', 'type'],
    ['{"type":"addon.invoked","data":{}}', 'type'],
    ['{"type":"a","data":{},"eventId":""}', 'eventId'],
    [`{"type":"a","data":{},"eventId":"${'x'.repeat(129)}"}`, 'eventId'],
    ['{"type":"a","data":{},"eventId":null}', 'eventId'],
    ['{"type":"a","data":{},"occurredAt":"2026-02-30T00:00:00Z"}', 'occurredAt'],
    ['{"type":"a","data":{},"occurredAt":"0000-01-01T00:00:00Z"}', 'occurredAt'],
    ['{"type":"a","data":{},"occurredAt":1790000000}', 'occurredAt'],
    ['{"type":"a","data":{},"payload":{}}', 'payload'],
    ['{"type":"a","data":{},"__proto__":{}}', '__proto__'],
    ['{"type":"a","data":{"x":["\\u0000"]}}', 'data'],
    ['{"type":"a","data":{"\\ud800":1}}', 'data'],
    ['{"type":"a","data":{},"eventId":"\\u0000"}', undefined],
    ['[]', undefined],
    ['{"type":', undefined],
    ['', 'type'],
  ])('%s is refused on %s', (text, field) => {
    const refusal = refusalOf(() => single(text));
    expect(refusal).toMatchObject({ error: 'VALIDATION_ERROR', ...(field === undefined ? {} : { field }) });
    if (field === undefined) expect(refusal).not.toHaveProperty('field');
  });

  it('has 204,800 bytes at most', () => {
    const frame = '{"type":"a","data":{"x":""}}';
    const fill = (bytes: number) => frame.replace('""', `"${'é'.repeat((bytes - frame.length) / 2)}"`);
    expect(Buffer.byteLength(fill(204_800))).toBe(204_800);
    expect(refusalOf(() => single(fill(204_800)))).toBe('accepted');
    expect(refusalOf(() => single(`${fill(204_800)} `))).toMatchObject({ error: 'PAYLOAD_TOO_LARGE' });
  });

  it('survives any object as its data', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue({ noUnicodeString: false })), (data) => {
        const text = JSON.stringify(data);
        const expected = /\\u0000/.test(text) ? undefined : text;
        if (expected !== undefined) expect(single(`{"data":${text},"type":"a"}`).payload).toBe(expected);
      }),
    );
  });
});

describe('a batch', () => {
  it('judges each event by itself, in order', () => {
    const large = `{"type":"a","data":{"x":"${'x'.repeat(204_800)}"}}`;
    const text = `{"events":[{"type":"a","data":{"n":1.0}}, {"type":"b"},7,{"type":"c","data":{"x":"\\u0000"}},${large}, {"type":"d","data":{},"eventId":"k"} ]}`;
    expect(batch(text)).toEqual([
      { ok: true, event: { type: 'a', payload: '{"n":1.0}' } },
      { ok: false, error: { error: 'VALIDATION_ERROR', message: 'data is required', field: 'data' } },
      { ok: false, error: expect.objectContaining({ error: 'VALIDATION_ERROR' }) },
      { ok: false, error: expect.objectContaining({ error: 'VALIDATION_ERROR', field: 'data' }) },
      { ok: false, error: expect.objectContaining({ error: 'PAYLOAD_TOO_LARGE' }) },
      { ok: true, event: { type: 'd', eventId: 'k', payload: '{}' } },
    ]);
  });

  it('takes 1 to 100 events', () => {
    const of = (count: number) => `{"events":[${Array(count).fill('{"type":"a","data":{}}').join(',')}]}`;
    expect(batch(of(100))).toHaveLength(100);
    expect(refusalOf(() => batch(of(0)))).toMatchObject({ field: 'events' });
    expect(refusalOf(() => batch(of(101)))).toMatchObject({ field: 'events' });
  });

  it.each([
    ['{}', 'events'],
    ['{"events":{}}', 'events'],
    ['{"events":[{"type":"a","data":{}}],"dryRun":true}', 'dryRun'],
  ])('%s is refused on %s', (text, field) => expect(refusalOf(() => batch(text))).toMatchObject({ field }));

  it('has 1 MB at most', () => {
    expect(refusalOf(() => parseEventBatch(Buffer.alloc(1_048_577, ' ')))).toMatchObject({
      error: 'PAYLOAD_TOO_LARGE',
    });
  });
});

it('the schemas can be written as JSON schema', () => {
  expect(z.toJSONSchema(eventSchema, { io: 'input' })).toMatchObject({ required: ['type', 'data'] });
  expect(z.toJSONSchema(eventBatchSchema, { io: 'input' })).toMatchObject({ required: ['events'] });
});
