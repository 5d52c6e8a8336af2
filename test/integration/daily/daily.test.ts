import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type DailyContext, runDaily } from '../../../lambdas/daily/daily.ts';
import { dueMarkerKey } from '../../../lambdas/domain/due-marker/due-marker.ts';
import { addDelivery, readDelivery } from '../adapters/delivery-row.ts';
import { addWebhook, newAccount, type Pipeline, startPipeline } from '../adapters/pipeline.ts';

const DAY = 86_400_000;
let pipeline: Pipeline;
let context: DailyContext;

beforeAll(async () => {
  pipeline = await startPipeline();
  context = {
    database: pipeline.database,
    controlBucket: pipeline.controlBucket,
    log: pipeline.log,
    settings: { terminalRetentionDays: 7 },
    now: Date.now,
  };
});
afterAll(() => pipeline.stop());

const suffix = (days: number) => new Date(Date.now() + days * DAY).toISOString().slice(0, 10).replaceAll('-', '');
async function exists(table: string): Promise<boolean> {
  const [row] = await pipeline.testDatabase.query<{ found: boolean }>('SELECT to_regclass($1) IS NOT NULL AS found', [
    `hook.${table}`,
  ]);
  return row?.found ?? false;
}

describe('the daily run', () => {
  it('makes partitions ahead, drops ended days after their retention, and never one with open rows', async () => {
    const webhook = await addWebhook(pipeline, { accountId: newAccount() });
    await pipeline.testDatabase.query(`DROP TABLE hook.deliveries_${suffix(14)}`);
    await pipeline.testDatabase.query('SELECT hook.ensure_partitions(current_date - 12, current_date)');
    await addDelivery(pipeline, webhook, { status: 'HELD' }, Date.now() - 10 * DAY);
    await addDelivery(pipeline, webhook, { status: 'DELIVERED' }, Date.now() - 9 * DAY);
    await addDelivery(pipeline, webhook, { status: 'DELIVERED' }, Date.now() - 8 * DAY);
    await runDaily(context);
    expect(await exists(`deliveries_${suffix(14)}`)).toBe(true);
    expect(await exists(`deliveries_${suffix(-10)}`)).toBe(true);
    expect(await exists(`deliveries_${suffix(-9)}`)).toBe(false);
    expect(await exists(`events_${suffix(-9)}`)).toBe(false);
    expect(await exists(`deliveries_${suffix(-8)}`)).toBe(true);
  });

  it('forgets idempotency keys after seven days', async () => {
    await pipeline.testDatabase.query(
      `INSERT INTO hook.event_keys SELECT 'a', n::text, gen_random_uuid(), now() - interval '1 day' * n
         FROM generate_series(1, 12) n`,
    );
    await runDaily(context);
    const kept = await pipeline.testDatabase.query("SELECT event_key FROM hook.event_keys WHERE account_id = 'a'");
    expect(kept).toHaveLength(6);
  });

  it('cancels held deliveries whose webhook is no more, and no others', async () => {
    const [gone, here] = [{ accountId: newAccount() }, { accountId: newAccount() }];
    const held = { status: 'HELD', carrier: 'parked', next_retry_at: null };
    const orphan = await addDelivery(pipeline, { ...gone, webhookId: randomUUID(), secret: '' }, held);
    const kept = await addDelivery(pipeline, await addWebhook(pipeline, { ...here, mode: 'hold' }), held);
    await runDaily(context);
    expect(await readDelivery(pipeline, orphan)).toMatchObject({ status: 'CANCELLED', expires_at: null });
    expect(await readDelivery(pipeline, kept)).toMatchObject({ status: 'HELD' });
  });

  it('leaves a marker, so that lost ones are late by a day at most', async () => {
    pipeline.controlBucket.keys.clear();
    await runDaily(context);
    expect(pipeline.controlBucket.keys).toContain(dueMarkerKey(Date.now()));
  });

  it('one step that fails keeps no other from running, and is an error', async () => {
    pipeline.controlBucket.isDown = true;
    await pipeline.testDatabase.query(
      "INSERT INTO hook.event_keys VALUES ('b', 'k', gen_random_uuid(), now() - interval '9 days')",
    );
    await expect(runDaily(context)).rejects.toBeInstanceOf(AggregateError);
    expect(await pipeline.testDatabase.query("SELECT FROM hook.event_keys WHERE account_id = 'b'")).toEqual([]);
    pipeline.controlBucket.isDown = false;
  });
});
