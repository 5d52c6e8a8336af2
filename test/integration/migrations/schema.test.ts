import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { deliveryId } from '../../../lambdas/domain/ids/delivery-id.ts';
import { uuidFloor } from '../../../lambdas/domain/ids/uuid.ts';
import { migrateUp } from '../../../lambdas/migrate/up.ts';
import { startTestDatabase, type TestDatabase } from '../../support/database.ts';
import { bundleWith, migrationSession } from '../../support/migration-session.ts';

const DAY_MS = 86_400_000;
const PARENTS = ['deliveries', 'delivery_attempts', 'events'];

let server: TestDatabase;

beforeAll(async () => {
  server = await startTestDatabase({ isMigrated: false });
  await migrateUp({ session: migrationSession(server), bundle: await bundleWith(), servicePassword: 'any' });
});
afterAll(() => server.stop());

const suffix = (ms: number) => new Date(ms).toISOString().slice(0, 10).replaceAll('-', '');
const partitions = async (parent: string) => {
  const rows = await server.query<{ name: string; bounds: string }>(
    `SELECT c.relname AS name, pg_get_expr(c.relpartbound, c.oid) AS bounds
       FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = $1::regclass ORDER BY 1`,
    [`hook.${parent}`],
  );
  return new Map(rows.map(({ name, bounds }) => [name, bounds]));
};
const today = async () => {
  const [row] = await server.query<{ ms: string }>(
    "SELECT extract(epoch FROM date_trunc('day', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC') * 1000 AS ms",
  );
  return Number(row?.ms);
};

describe('partitions', () => {
  it('are there from yesterday to 14 days ahead, one a UTC day, bounded by the ids of that day', async () => {
    const start = await today();
    for (const parent of PARENTS) {
      const made = await partitions(parent);
      // The day may have turned since they were made.
      for (let day = 0; day <= 13; day++) {
        const ms = start + day * DAY_MS;
        const bounds = `FOR VALUES FROM ('${uuidFloor(ms)}') TO ('${uuidFloor(ms + DAY_MS)}')`;
        expect([parent, day, made.get(`${parent}_${suffix(ms)}`)]).toEqual([parent, day, bounds]);
      }
      expect(made.size).toBe(16);
    }
  });

  it('have the constraints and indexes of their parents', async () => {
    const name = `hook.deliveries_${suffix(await today())}`;
    const insert = (id: string, status: string) =>
      server.query(
        `INSERT INTO ${name} (delivery_id, account_id, webhook_id, event_uuid, event_type, api_version, status, carrier, created_at, last_activity_at)
         VALUES ($1, 'a', $1, $1, 'a', 'v1', $2, 'deliveries', now(), now())`,
        [id, status],
      );
    const inside = uuidFloor((await today()) + 1_000);
    await expect(insert(inside, 'NONSENSE')).rejects.toMatchObject({ code: '23514', constraint: 'deliveries_status' });
    await expect(insert(uuidFloor((await today()) - DAY_MS), 'PENDING')).rejects.toMatchObject({ code: '23514' });
    await insert(inside, 'PENDING');
    await expect(insert(inside, 'PENDING')).rejects.toMatchObject({ code: '23505' });
    expect(
      await server.query('SELECT FROM pg_indexes WHERE schemaname || $2 || tablename = $1', [name, '.']),
    ).toHaveLength(8);
  });

  it('are made once, by however many at a time', async () => {
    const until = "(now() + interval '18 days')::date";
    const made = await Promise.all(
      Array.from({ length: 4 }, () =>
        server.query<{ n: number }>(`SELECT hook.ensure_partitions(NULL, ${until}) AS n`),
      ),
    );
    const total = made.flat().reduce((sum, { n }) => sum + n, 0);
    expect([12, 15]).toContain(total);
  });

  it('that hold an open delivery are never dropped, nor young ones', async () => {
    await server.query("SELECT hook.ensure_partitions((now() - interval '20 days')::date)");
    const old = (await today()) - 20 * DAY_MS;
    await server.query(
      `INSERT INTO hook.deliveries (delivery_id, account_id, webhook_id, event_uuid, event_type, api_version, status, carrier, created_at, last_activity_at)
       VALUES ($1, 'a', $1, $1, 'a', 'v1', 'HELD', 'parked', now(), now())`,
      [uuidFloor(old + 5)],
    );
    const drop = () =>
      server.query<{ n: number }>("SELECT hook.drop_partitions((now() - interval '18 days')::date) AS n");
    expect(await drop()).toEqual([{ n: 1 }]);
    expect((await partitions('events')).has(`events_${suffix(old)}`)).toBe(true);
    await server.query("UPDATE hook.deliveries SET status = 'CANCELLED' WHERE delivery_id = $1", [uuidFloor(old + 5)]);
    expect(await drop()).toEqual([{ n: 1 }]);
    for (const parent of PARENTS) expect((await partitions(parent)).has(`${parent}_${suffix(old)}`)).toBe(false);
    await expect(server.query('SELECT hook.drop_partitions(now()::date)')).rejects.toMatchObject({ code: '22023' });
  });
});

describe('hook.delivery_id', () => {
  it('is the one that the functions compute', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uuid(), fc.uuid(), async (event, webhook) => {
        const rows = await server.query('SELECT hook.delivery_id($1, $2) AS id', [event, webhook]);
        expect(rows).toEqual([{ id: deliveryId(event, webhook) }]);
      }),
      { numRuns: 200 },
    );
  });

  it('shares its floor with the functions', async () => {
    const times = fc.date({ min: new Date('2000-01-01'), max: new Date('2100-01-01'), noInvalidDate: true });
    await fc.assert(
      fc.asyncProperty(times, async (at) => {
        const rows = await server.query('SELECT hook.uuid_floor($1) AS id', [at.toISOString()]);
        expect(rows).toEqual([{ id: uuidFloor(at.getTime()) }]);
      }),
      { numRuns: 100 },
    );
  });
});
