import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { z } from 'zod';
import type { StatementParameters } from '../../../lambdas/adapters/database/database.ts';
import { idBounds } from '../../../lambdas/adapters/delivery-rows/id-bounds.ts';
import { parkAgain } from '../../../lambdas/adapters/delivery-rows/park-again.ts';
import { recordAttemptsStatement } from '../../../lambdas/adapters/delivery-rows/record-attempts-statement.ts';
import { markNotified } from '../../../lambdas/dead-letter/mark-notified.ts';
import { readExhausted } from '../../../lambdas/dead-letter/read-exhausted.ts';
import { claimDeliveries } from '../../../lambdas/deliver/claim-deliveries.ts';
import { giveBackLeases } from '../../../lambdas/deliver/give-back-leases.ts';
import { deliveryId } from '../../../lambdas/domain/ids/delivery-id.ts';
import { newEventUuid } from '../../../lambdas/domain/ids/event-uuid.ts';
import { insertEvents } from '../../../lambdas/fan-out/insert-events.ts';
import { type Pipeline, startPipeline } from '../adapters/pipeline.ts';

let pipeline: Pipeline;
let ids: string[];

beforeAll(async () => {
  pipeline = await startPipeline();
});
afterAll(() => pipeline.stop());
beforeEach(() => {
  // One batch is of one moment.
  const nowMs = Date.now();
  ids = Array.from({ length: 10 }, () => deliveryId(newEventUuid(nowMs, randomBytes(16)), randomUUID()));
});

/** Names of the partitions that a plan touches. */
async function partitionsIn(sql: string, parameters: StatementParameters): Promise<string[]> {
  const statement = { sql: `EXPLAIN (FORMAT JSON) ${sql}`, row: z.unknown(), isRepeatable: true };
  const plan = JSON.stringify(await pipeline.database.query(statement, parameters));
  return [...new Set(plan.match(/"(?:deliveries|events|delivery_attempts)_\d{8}"/g) ?? [])].sort();
}
const messages = () => JSON.stringify(ids.map((d) => ({ d, g: 0, e: true })));
const time = Date.now();
const bounded = (): StatementParameters => ({ messages: messages(), ...idBounds(ids), nowMs: time });
const lease = { token: randomUUID(), nowMs: time, claimedUntilMs: time, expiresMs: time };

describe('a statement on the hot path plans the partitions of its batch, not all of them:', () => {
  it.each<[string, string, () => StatementParameters]>([
    ['claim', claimDeliveries.sql, () => ({ ...bounded(), ...lease })],
    [
      'result',
      recordAttemptsStatement.sql,
      () => ({
        attempts: messages(),
        ...idBounds(ids),
        nowMs: time,
        openTtlMs: 1,
        callbackTimeoutMs: 1,
      }),
    ],
    ['fan-out', insertEvents.sql, () => ({ events: '[]', ...idBounds(ids), ...lease })],
    ['parking', parkAgain.sql, () => ({ ...bounded(), expiresMs: time, token: null })],
    ['dead letters', readExhausted.sql, () => ({ messages: messages(), ...idBounds(ids) })],
    ['announced ones', markNotified.sql, bounded],
  ])('%s', async (_what, sql, parameters) => {
    const touched = await partitionsIn(sql, parameters());
    // One of each table at most, and never none: a plan that prunes everything would prove nothing.
    expect(touched.length).toBeGreaterThan(0);
    expect(new Set(touched.map((name) => name.replace(/_\d{8}/, ''))).size).toBe(touched.length);
  });

  it('of a day alone, while the tables have more', async () => {
    const all = await partitionsIn('SELECT FROM hook.deliveries', {});
    expect(all.length).toBeGreaterThanOrEqual(16);
  });
});

describe('a partition', () => {
  it('is made while senders write: it asks for no exclusive lock of its parent', async () => {
    const writer = new Client({ connectionString: pipeline.testDatabase.databaseUrl });
    await writer.connect();
    await writer.query('BEGIN');
    await writer.query('LOCK TABLE hook.deliveries, hook.events, hook.delivery_attempts IN ROW EXCLUSIVE MODE');
    const [made] = await pipeline.testDatabase.query<{ n: number }>(
      'SELECT hook.ensure_partitions(current_date + 20, current_date + 20) AS n',
    );
    expect(made).toEqual({ n: 3 });
    await writer.query('ROLLBACK');
    await writer.end();
  });
});

it('a lease that is given back is the asker’s own', async () => {
  const token = randomUUID();
  const [id = ''] = ids;
  const statements: string[] = [];
  await pipeline.testDatabase.query(
    `INSERT INTO hook.deliveries (delivery_id, account_id, webhook_id, event_uuid, event_type, api_version, status, carrier,
                                  claim_token, claimed_until, created_at, last_activity_at)
     VALUES ($1, 'a', $1, $1, 'a', 'v1', 'PENDING', 'retries', $2, now() + interval '1 minute', now(), now())`,
    [id, token],
  );
  const giveBack = (own: string) =>
    giveBackLeases(
      {
        query: (statement, ...rest) => {
          statements.push(statement.sql);
          return pipeline.database.query(statement, ...rest);
        },
      },
      [{ deliveryId: id, token: own }],
    );
  const tokenOf = async () =>
    (await pipeline.testDatabase.query('SELECT claim_token FROM hook.deliveries WHERE delivery_id = $1', [id]))[0];
  await giveBack(randomUUID());
  expect(await tokenOf()).toEqual({ claim_token: token });
  await giveBack(token);
  expect(await tokenOf()).toEqual({ claim_token: null });
  const leases = JSON.stringify([{ d: id, t: token }]);
  expect(await partitionsIn(statements[0] ?? '', { leases, ...idBounds([id]) })).toHaveLength(1);
});
