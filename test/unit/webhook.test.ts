import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { ApiError } from '../../lambdas/domain/api-error/api-error.ts';
import { parseRequest } from '../../lambdas/domain/api-error/validation.ts';
import type { TargetPolicy } from '../../lambdas/domain/target/target-url.ts';
import { parseNewWebhook, parseWebhookChange, type Signing } from '../../lambdas/domain/webhook/webhook-change.ts';
import {
  recoverySchema,
  secretRotationSchema,
  webhookCreateSchema,
  webhookUpdateSchema,
} from '../../lambdas/domain/webhook/webhook-request.ts';

const targets: TargetPolicy = { rule: 'public', ownHosts: [] };
const url = 'https://example.com/hook';
const v1: Signing = { apiVersion: 'v1', signingAlgorithm: 'HMAC-SHA256' };
const signedByPair: Signing = { apiVersion: 'v2', signingAlgorithm: 'ed25519' };

function refusalOf(parse: () => unknown) {
  try {
    parse();
  } catch (error) {
    if (error instanceof ApiError) return error.toBody();
    throw error;
  }
  return 'accepted';
}
const createRefusal = (body: unknown) => refusalOf(() => parseNewWebhook(body, targets));
const updateRefusal = (body: unknown, current = v1) => refusalOf(() => parseWebhookChange(body, current, targets));

describe('new webhook', () => {
  it('has defaults for all but its url', () => {
    expect(parseNewWebhook({ url }, targets)).toEqual({
      url,
      secret: undefined,
      description: null,
      events: ['*'],
      isActive: true,
      mode: 'deliver',
      rateLimitPerSecond: null,
      apiVersion: 'v1',
      signingAlgorithm: 'HMAC-SHA256',
    });
  });

  it('takes everything, and an event filter once', () => {
    const body = {
      url,
      secret: 'a secret of 16 or more',
      description: 'Warehouse',
      events: ['order.*', 'invoice.paid', 'order.*'],
      isActive: false,
      mode: 'hold',
      rateLimitPerSecond: 0.1,
      apiVersion: 'v2',
      signingAlgorithm: 'ed25519',
    };
    expect(parseNewWebhook(body, targets)).toEqual({ ...body, events: ['order.*', 'invoice.paid'] });
    expect(parseNewWebhook({ url, apiVersion: null }, targets).apiVersion).toBe('v1');
  });

  it.each([
    [{}, 'url', 'url is required'],
    [{ url: 5 }, 'url', expect.any(String)],
    [{ url: 'http://example.com' }, 'url', 'url must use https'],
    [{ url: 'https://10.0.0.1' }, 'url', 'url must be a public address (this one is private)'],
    [{ url: `https://example.com/${'x'.repeat(2048)}` }, 'url', expect.stringContaining('2048')],
    [{ url, secret: 'short' }, 'secret', expect.any(String)],
    [{ url, secret: 'x'.repeat(129) }, 'secret', expect.any(String)],
    [{ url, secret: `whsec_${Buffer.alloc(23).toString('base64')}` }, 'secret', expect.stringContaining('24 to 64')],
    [{ url, secret: null }, 'secret', expect.any(String)],
    [{ url, description: 'x'.repeat(256) }, 'description', expect.any(String)],
    [{ url, events: [] }, 'events', expect.stringContaining('empty')],
    [{ url, events: 'order.paid' }, 'events', expect.any(String)],
    [{ url, events: ['ok', 'order*'] }, 'events.1', expect.stringContaining('prefix')],
    [{ url, events: Array.from({ length: 101 }, (_, n) => `t${n}`) }, 'events', expect.any(String)],
    [{ url, isActive: 'yes' }, 'isActive', expect.any(String)],
    [{ url, mode: 'pause' }, 'mode', expect.any(String)],
    [{ url, rateLimitPerSecond: 0 }, 'rateLimitPerSecond', expect.any(String)],
    [{ url, rateLimitPerSecond: 1000.1 }, 'rateLimitPerSecond', expect.any(String)],
    [{ url, rateLimitPerSecond: '5' }, 'rateLimitPerSecond', expect.any(String)],
    [{ url, apiVersion: 'v3' }, 'apiVersion', expect.any(String)],
    [{ url, signingAlgorithm: 'ED25519' }, 'signingAlgorithm', expect.any(String)],
    [{ url, signingAlgorithm: 'ed25519' }, 'signingAlgorithm', expect.stringContaining('v2')],
    [{ url, signingAlgorithm: 'ed25519', apiVersion: null }, 'signingAlgorithm', expect.stringContaining('v2')],
    [{ url, webhookId: 'x' }, 'webhookId', 'unknown field: webhookId'],
  ])('of %j is refused on %s', (body, field, message) => {
    expect(createRefusal(body)).toEqual({ error: 'VALIDATION_ERROR', field, message });
  });

  it('is never told its secret in a refusal', () => {
    const secret = 'whsec_not-base64-but-secret';
    expect(JSON.stringify(createRefusal({ url, secret }))).not.toContain(secret);
  });
});

describe('webhook change', () => {
  it('is what was sent, and no more', () => {
    expect(parseWebhookChange({ isActive: true }, v1, targets)).toEqual({ isActive: true });
    expect(Object.entries(parseWebhookChange({}, v1, targets)).filter(([, value]) => value !== undefined)).toEqual([]);
    expect(
      parseWebhookChange({ description: null, rateLimitPerSecond: null, events: ['a', 'a'] }, v1, targets),
    ).toEqual({
      description: null,
      rateLimitPerSecond: null,
      events: ['a'],
    });
    expect(parseWebhookChange({ apiVersion: null }, v1, targets)).toEqual({ apiVersion: 'v1' });
  });

  it.each([
    [{ signingAlgorithm: 'ed25519' }, v1, 'signingAlgorithm'],
    [{ apiVersion: 'v1' }, signedByPair, 'apiVersion'],
    [{ apiVersion: null }, signedByPair, 'apiVersion'],
    [{ apiVersion: 'v1', signingAlgorithm: 'ed25519' }, signedByPair, 'signingAlgorithm'],
    [{ url: 'https://localhost' }, v1, 'url'],
    [{ accountId: 'x' }, v1, 'accountId'],
  ])('%j on %j is refused on %s', (body, current, field) => {
    expect(updateRefusal(body, current)).toMatchObject({ error: 'VALIDATION_ERROR', field });
  });

  it.each([
    [{ signingAlgorithm: 'ed25519', apiVersion: 'v2' }, v1],
    [{ signingAlgorithm: 'HMAC-SHA256', apiVersion: 'v1' }, signedByPair],
    [{ signingAlgorithm: 'ed25519' }, { ...v1, apiVersion: 'v2' as const }],
    [{ description: 'x' }, signedByPair],
  ])('%j on %j is taken', (body, current) => expect(updateRefusal(body, current)).toBe('accepted'));
});

describe('rotation and recovery', () => {
  it('have defaults', () => {
    expect(parseRequest(secretRotationSchema, {})).toEqual({ overlapHours: 24 });
    expect(parseRequest(recoverySchema, { since: '2026-01-01T00:00:00Z' })).toEqual({
      since: '2026-01-01T00:00:00Z',
      statuses: ['failed', 'dead_letter'],
      dryRun: false,
    });
  });

  it.each([-1, 169, '24', null])('refuses an overlap of %p', (overlapHours) => {
    expect(refusalOf(() => parseRequest(secretRotationSchema, { overlapHours }))).toMatchObject({
      field: 'overlapHours',
    });
  });

  it.each([
    [{}, 'since'],
    [{ since: 'yesterday' }, 'since'],
    [{ since: '2026-01-01T00:00:00Z', statuses: ['cancelled'] }, 'statuses.0'],
  ])('refuses a recovery of %j on %s', (body, field) => {
    expect(refusalOf(() => parseRequest(recoverySchema, body))).toMatchObject({ field });
  });
});

it('every schema can be written as JSON schema', () => {
  for (const schema of [webhookCreateSchema, webhookUpdateSchema, secretRotationSchema, recoverySchema]) {
    expect(z.toJSONSchema(schema, { io: 'input' })).toMatchObject({ type: 'object', additionalProperties: false });
  }
});
