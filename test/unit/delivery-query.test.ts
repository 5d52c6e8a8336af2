import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { parseRequest } from '../../lambdas/domain/api-error/validation.ts';
import {
  adminDeliveryQuerySchema,
  deadLetterQuerySchema,
  deliveryQuerySchema,
  redriveSchema,
} from '../../lambdas/domain/delivery/delivery-query.ts';

const webhookId = '0192f3a4-0000-7000-8000-000000000002';
const refuses = (schema: z.ZodType, input: unknown, field: string) =>
  expect(() => parseRequest(schema, input)).toThrow(expect.objectContaining({ code: 'VALIDATION_ERROR', field }));

describe('deliveries query', () => {
  it('gives stored statuses, and ids in lower case', () => {
    const query = {
      webhookId: webhookId.toUpperCase(),
      eventType: 'order.paid',
      status: 'failed_retry,held',
      since: '2026-01-01T00:00:00Z',
    };
    expect(parseRequest(deliveryQuerySchema, query)).toEqual({
      webhookId,
      eventType: 'order.paid',
      status: ['FAILED_RETRY', 'HELD'],
      since: '2026-01-01T00:00:00Z',
      limit: 20,
    });
  });

  it.each([
    [{ webhookId: 'x' }, 'webhookId'],
    [{ eventType: 'a b' }, 'eventType'],
    [{ status: 'DELIVERED' }, 'status'],
    [{ status: 'delivered,' }, 'status'],
    [{ status: '' }, 'status'],
    [{ since: '2026-01-01' }, 'since'],
    [{ until: 'now' }, 'until'],
    [{ limit: '0' }, 'limit'],
    [{ cursor: '' }, 'cursor'],
    [{ accountId: 'a' }, 'accountId'],
    [{ foo: 'a' }, 'foo'],
  ])('%j is refused on %s', (query, field) => refuses(deliveryQuerySchema, query, field));

  it('of an admin takes an account, of dead letters no status', () => {
    expect(parseRequest(adminDeliveryQuerySchema, { accountId: 'a', status: 'held' })).toMatchObject({
      accountId: 'a',
      status: ['HELD'],
    });
    expect(parseRequest(deadLetterQuerySchema, { accountId: 'a', webhookId })).toMatchObject({
      accountId: 'a',
      webhookId,
    });
    refuses(deadLetterQuerySchema, { status: 'held' }, 'status');
  });
});

describe('redrive', () => {
  it.each([
    [{ deliveryIds: [webhookId] }],
    [{ filter: {} }],
    [{ filter: { accountId: 'a', eventType: 'a.b' }, ratePerSecond: 5, dryRun: true }],
  ])('takes %j', (body) => expect(parseRequest(redriveSchema, body)).toMatchObject(body));

  it.each([
    [{}, 'deliveryIds'],
    [{ dryRun: true }, 'deliveryIds'],
    [{ deliveryIds: [webhookId], filter: {} }, 'deliveryIds'],
    [{ deliveryIds: [] }, 'deliveryIds'],
    [{ deliveryIds: Array(101).fill(webhookId) }, 'deliveryIds'],
    [{ deliveryIds: ['x'] }, 'deliveryIds.0'],
    [{ filter: { status: 'failed' } }, 'filter.status'],
    [{ filter: {}, ratePerSecond: 0 }, 'ratePerSecond'],
  ])('refuses %j on %s', (body, field) => refuses(redriveSchema, body, field));
});

it('the schemas can be written as JSON schema', () => {
  for (const schema of [deliveryQuerySchema, adminDeliveryQuerySchema, deadLetterQuerySchema, redriveSchema]) {
    expect(z.toJSONSchema(schema, { io: 'input' })).toMatchObject({ type: 'object', additionalProperties: false });
  }
});
