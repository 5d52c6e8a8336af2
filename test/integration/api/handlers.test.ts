import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { ApiHandler } from '../../../lambdas/adapters/http-in/api-handler.ts';
import { parseContext } from '../../../lambdas/domain/configuration/context.ts';
import { lambdaContext, newAccount, startTestApi, type TestApi } from '../../support/api.ts';
import { BUCKET, BUS_NAME, KEY_ARN } from '../../support/api-services.ts';
import { gatewayOf } from '../../support/gateway-event.ts';

/** Each function's own module, wired by its environment alone. */
const MODULES = {
  Webhooks: () => import('../../../lambdas/webhooks/handler.ts'),
  Deliveries: () => import('../../../lambdas/deliveries/handler.ts'),
  Publish: () => import('../../../lambdas/publish/handler.ts'),
} as const;
const REQUESTS = {
  Webhooks: ['POST', '/v1/webhooks', { url: 'https://receiver.example/' }, 201],
  Deliveries: ['GET', '/v1/deliveries', undefined, 200],
  Publish: ['POST', '/v1/events', { type: 'a', data: {} }, 202],
} as const;
const NAMES = ['Webhooks', 'Deliveries', 'Publish'] as const;

describe('the functions', () => {
  let api: TestApi;
  beforeAll(async () => {
    api = await startTestApi();
  });
  afterAll(() => api.stop());

  it.each(NAMES)('%s names all that its environment lacks, at cold start', async (name) => {
    const missing = name === 'Publish' ? /BUS_NAME/ : /DATABASE_CLUSTER_ARN is missing; .*CONTROL_BUCKET is missing/;
    await expect(MODULES[name]()).rejects.toMatchObject({
      code: 'INVALID_ENVIRONMENT',
      message: expect.stringMatching(missing),
    });
  });

  it.each(NAMES)('%s serves with what the stack gives it', async (name) => {
    // A module that failed to load stays failed, so its environment is read anew.
    const { handler } = await loadAnew(name, api);
    const [method, target, body, status] = REQUESTS[name];
    const event = gatewayOf(api.routeKeys[name])({
      method,
      target,
      claims: { account_id: newAccount(), scope: 'events:write' },
      body: body === undefined ? undefined : Buffer.from(JSON.stringify(body)),
    });
    if (event === undefined) throw new Error('no such route');
    expect(await handler(event, lambdaContext())).toMatchObject({ statusCode: status });
  });
});

async function loadAnew(name: (typeof NAMES)[number], api: TestApi): Promise<{ handler: ApiHandler }> {
  Object.assign(process.env, {
    SETTINGS: JSON.stringify(parseContext({})),
    DATABASE_CLUSTER_ARN: api.database.clusterArn,
    DATABASE_SECRET_ARN: api.database.secretArn,
    DATABASE_NAME: api.database.database,
    KEY_ARN,
    CONTROL_BUCKET: BUCKET,
    RETRIES_QUEUE_URL: api.retriesQueueUrl,
    BUS_NAME,
  });
  jest.resetModules();
  return MODULES[name]();
}
