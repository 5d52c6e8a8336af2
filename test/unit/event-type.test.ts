import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  isEventFilter,
  isEventType,
  isReservedEventType,
  matchesFilters,
  RESERVED_EVENT_TYPES,
} from '../../lambdas/domain/event-type/event-type.ts';

const word = fc.stringMatching(/^[A-Za-z0-9_-]{1,8}$/);
const type = fc.array(word, { minLength: 1, maxLength: 5 }).map((words) => words.join('.'));

describe('event type', () => {
  it.each(['order', 'order.paid', 'a.b.c', 'Order_2-x.1', '-', 'x'.repeat(128)])('%s is one', (text) => {
    expect(isEventType(text)).toBe(true);
    expect(isEventFilter(text)).toBe(true);
  });

  it.each(['', '.', 'order.', '.order', 'a..b', 'a b', 'ordér', 'order/paid', 'a\n', 'x'.repeat(129)])(
    '%p is none, nor a filter',
    (text) => {
      expect(isEventType(text)).toBe(false);
      expect(isEventFilter(text)).toBe(false);
    },
  );

  it.each(['*', 'order.*', 'order.a.*', `${'x'.repeat(126)}.*`])('%s is only a filter', (text) => {
    expect(isEventFilter(text)).toBe(true);
    expect(isEventType(text)).toBe(false);
  });

  it.each(['**', '*.*', '*.order', 'order.*.a', 'order*', 'ord*.a', 'order.**', `${'x'.repeat(127)}.*`])(
    '%s is no filter',
    (text) => expect(isEventFilter(text)).toBe(false),
  );
});

describe('matching', () => {
  it.each([
    [['*'], 'order', true],
    [['order.*'], 'order.a', true],
    [['order.*'], 'order.a.b', true],
    [['order.*'], 'order', false],
    [['order.*'], 'orders.a', false],
    [['order.*'], 'Order.a', false],
    [['order.a'], 'order.a.b', false],
    [['invoice.paid', 'order.a'], 'order.a', true],
    [[], 'order.a', false],
    [['*'], 'webhook.disabled', false],
    [['*', 'webhook.disabled'], 'webhook.disabled', true],
    [['webhook.*'], 'webhook.disabled', true],
    [['*'], 'webhook.other', true],
  ])('%j and %s: %p', (filters, eventType, expected) => expect(matchesFilters(filters, eventType)).toBe(expected));

  it('holds for every type and its own prefixes, and for no sibling', () => {
    fc.assert(
      fc.property(type, word, (eventType, extra) => {
        expect(matchesFilters([eventType], eventType)).toBe(true);
        expect(matchesFilters([`${eventType}.*`], `${eventType}.${extra}`)).toBe(true);
        expect(matchesFilters([`${eventType}.*`], `${eventType}${extra}.${extra}`)).toBe(false);
        expect(matchesFilters([`${eventType}.*`], eventType)).toBe(false);
      }),
    );
  });

  it('keeps every reserved type from *', () => {
    expect(RESERVED_EVENT_TYPES.every(isReservedEventType)).toBe(true);
    expect(RESERVED_EVENT_TYPES.filter((reserved) => matchesFilters(['*'], reserved))).toEqual([]);
  });
});
