/**
 * The API's functions as they are behind the gateway: real routes, operations and AWS clients; real PostgreSQL, queues,
 * bus, KMS and bucket. One per test file:
 *
 *     let api: TestApi;
 *     beforeAll(async () => { api = await startTestApi(); });
 *     afterAll(() => api.stop());
 */
import { randomBytes, randomUUID } from 'node:crypto';
import type { Context } from 'aws-lambda';
import { createBus, createEventBridgeClient } from '../../lambdas/adapters/bus/bus.ts';
import { createControlBucket, createS3Client } from '../../lambdas/adapters/control-bucket/control-bucket.ts';
import { createDatabase, createRdsDataClient, type Database } from '../../lambdas/adapters/database/database.ts';
import { type ApiHandler, apiHandler } from '../../lambdas/adapters/http-in/api-handler.ts';
import type { Routes } from '../../lambdas/adapters/http-in/bind-routes.ts';
import { createLog } from '../../lambdas/adapters/log/log.ts';
import { createMetrics } from '../../lambdas/adapters/metrics/metrics.ts';
import { createQueues, createSqsClient } from '../../lambdas/adapters/queues/queues.ts';
import { createKeyring, createKmsClient, type Keyring } from '../../lambdas/adapters/secrets/keyring.ts';
import { deliveryRoutes } from '../../lambdas/deliveries/delivery-routes.ts';
import { publishRoutes } from '../../lambdas/publish/publish-routes.ts';
import { webhookRoutes } from '../../lambdas/webhooks/webhook-routes.ts';
import { type ApiServices, BUCKET, BUS_NAME, KEY_ARN, startApiServices } from './api-services.ts';
import { startTestDatabase, type TestDatabase } from './database.ts';
import { gatewayOf, type ToEvent } from './gateway-event.ts';

export interface ApiCall {
  /** @default 'account-1'; null for a token without the claim. */
  readonly account?: string | null;
  /** Space separated. @default none */
  readonly scope?: string;
  /** Sent as it is when it is text or bytes, else as JSON. */
  readonly body?: unknown;
  /** Names in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
  /** No authorizer in front. @default false */
  readonly isAnonymous?: boolean;
}

export interface ApiAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
  /** The parsed body; `{}` when there is none. */
  readonly body: ApiBody;
}

/** What tests read out of answers to go on with; whether it is there is for their expectations. */
export interface ApiBody {
  readonly webhookId: string;
  readonly deliveryId: string;
  readonly eventId: string;
  readonly secret: string;
  readonly data: readonly ApiBody[];
  readonly attempts: readonly ApiBody[];
  readonly nextCursor: string | null;
  readonly [name: string]: unknown;
}

export interface TestApi extends ApiServices {
  readonly database: TestDatabase;
  readonly keyring: Keyring;
  /** The functions' own way to the database. */
  readonly statements: Database;
  /** What was logged and counted, one JSON line each. */
  readonly lines: readonly string[];
  /** `GET /v1/webhooks/{id}`, by function. */
  readonly routeKeys: Readonly<Record<FunctionName, readonly string[]>>;
  /** @param request method and target: `GET /v1/webhooks?limit=2`. */
  call(request: string, call?: ApiCall): Promise<ApiAnswer>;
}

export type FunctionName = 'Publish' | 'Webhooks' | 'Deliveries';

export const OPEN_TTL_SECONDS = 14_400;

export async function startTestApi(): Promise<TestApi> {
  const database = await startTestDatabase();
  const services = await startApiServices(database.dataApi);
  const lines: string[] = [];
  const write = (line: string) => void lines.push(line);
  const { tables, keyring, statements, close } = apiRoutes(database, services, write);
  const handlers = mapValues(tables, (routes, source) =>
    apiHandler({
      routes,
      accountClaim: 'account_id',
      log: createLog({ source, write }),
      metrics: createMetrics({ stage: 'test', write }),
      now: Date.now,
    }),
  );
  const routeKeys = mapValues(tables, (routes) => Object.keys(routes));
  const functions = new Map(
    Object.entries(routeKeys).flatMap(([name, keys]) =>
      keys.map((key) => [key, handlers[name as FunctionName]] as const),
    ),
  );
  const toEvent = gatewayOf(Object.values(routeKeys).flat());
  return {
    ...services,
    database,
    keyring,
    statements,
    lines,
    routeKeys,
    call: (request, call = {}) => invoke({ handlerOf: (key) => functions.get(key), toEvent }, request, call),
    stop: async () => {
      close();
      await services.stop();
      await database.stop();
    },
  };
}

interface Wiring {
  readonly tables: Readonly<Record<FunctionName, Routes>>;
  readonly keyring: Keyring;
  readonly statements: Database;
  close(): void;
}

function apiRoutes(server: TestDatabase, services: ApiServices, write: (line: string) => void): Wiring {
  const rds = createRdsDataClient();
  const s3 = createS3Client();
  const sqs = createSqsClient();
  const kms = createKmsClient();
  const events = createEventBridgeClient();
  const database = createDatabase({
    client: rds,
    clusterArn: server.clusterArn,
    secretArn: server.secretArn,
    databaseName: server.database,
  });
  const keyring = createKeyring({ client: kms, keyArn: KEY_ARN, keyCacheMs: 300_000, database });
  const shared = { database, controlBucket: createControlBucket({ client: s3, bucket: BUCKET }), now: Date.now };
  return {
    keyring,
    statements: database,
    tables: {
      Publish: publishRoutes({ bus: createBus({ client: events, busName: BUS_NAME }), randomBytes }),
      Webhooks: webhookRoutes({ ...shared, keyring, randomBytes, targets: { rule: 'public', ownHosts: [] } }),
      Deliveries: deliveryRoutes({
        ...shared,
        queues: createQueues({ client: sqs }),
        log: createLog({ source: 'Deliveries', write }),
        retriesQueueUrl: services.retriesQueueUrl,
        openTtlSeconds: OPEN_TTL_SECONDS,
      }),
    },
    close: () => {
      for (const client of [rds, s3, sqs, kms, events]) client.destroy();
    },
  };
}

interface Gateway {
  readonly toEvent: ToEvent;
  readonly handlerOf: (routeKey: string) => ApiHandler | undefined;
}

async function invoke({ toEvent, handlerOf }: Gateway, request: string, call: ApiCall): Promise<ApiAnswer> {
  const [method = '', target = ''] = request.split(' ');
  const event = toEvent({
    method,
    target,
    headers: call.headers,
    body: bodyOf(call.body),
    claims: call.isAnonymous === true ? undefined : claimsOf(call),
  });
  const handler = event && handlerOf(event.routeKey);
  if (event === undefined || handler === undefined) throw new Error(`no route for ${request}`);
  const answer = await handler(event, lambdaContext());
  const text = answer.body ?? '';
  const body: ApiBody = JSON.parse(text === '' ? '{}' : text);
  return { status: answer.statusCode ?? 200, headers: answer.headers ?? {}, text, body };
}

function mapValues<Name extends string, From, To>(
  record: Readonly<Record<Name, From>>,
  map: (value: From, name: Name) => To,
): Record<Name, To> {
  const names = Object.keys(record) as Name[];
  return Object.fromEntries(names.map((name) => [name, map(record[name], name)])) as Record<Name, To>;
}

function claimsOf({ account = 'account-1', scope }: ApiCall): Record<string, string> {
  return {
    sub: 'user-1',
    ...(account === null ? {} : { account_id: account }),
    ...(scope === undefined ? {} : { scope }),
  };
}

function bodyOf(body: unknown): Buffer {
  if (body === undefined) return Buffer.alloc(0);
  if (Buffer.isBuffer(body)) return body;
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
}

export function lambdaContext(): Context {
  const unused = () => undefined;
  return {
    callbackWaitsForEmptyEventLoop: false,
    functionName: 'test',
    functionVersion: '$LATEST',
    invokedFunctionArn: 'arn:aws:lambda:us-east-1:000000000000:function:test',
    memoryLimitInMB: '1024',
    awsRequestId: randomUUID(),
    logGroupName: 'test',
    logStreamName: 'test',
    getRemainingTimeInMillis: () => 29_000,
    done: unused,
    fail: unused,
    succeed: unused,
  };
}

/** An account of the test's own: tests of one file share a database and do not meet. */
export function newAccount(): string {
  return `account-${randomUUID()}`;
}
