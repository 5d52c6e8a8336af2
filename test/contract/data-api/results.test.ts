import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Caller, callerOf } from '../../support/data-api-caller.ts';
import { startTestDatabase, type TestDatabase } from '../../support/database.ts';

describe('results of the Data API', () => {
  let database: TestDatabase;
  let caller: Caller;
  beforeAll(async () => {
    database = await startTestDatabase({ isMigrated: false });
    caller = callerOf(database);
    await database.query("CREATE TYPE mood AS ENUM ('glad'); CREATE TABLE things (id int, name text)");
  });
  afterAll(() => database.stop());

  it.each([
    ['42::int', { longValue: 42 }],
    ['9007199254740991::bigint', { longValue: 9007199254740991 }],
    ['7::smallint', { longValue: 7 }],
    ['1.5::float8', { doubleValue: 1.5 }],
    ["'NaN'::float8", { doubleValue: Number.NaN }],
    ['1.50::numeric', { stringValue: '1.50' }],
    ['true', { booleanValue: true }],
    ['1 = 2', { booleanValue: false }],
    ["'x'::varchar", { stringValue: 'x' }],
    ["''", { stringValue: '' }],
    ['NULL::int', { isNull: true }],
    [String.raw`'\x00ff'::bytea`, { blobValue: new Uint8Array([0, 255]) }],
    ['\'{"a": 1}\'::jsonb', { stringValue: '{"a": 1}' }],
    ["'0193d5f0-0000-7000-8000-000000000001'::uuid", { stringValue: '0193d5f0-0000-7000-8000-000000000001' }],
    ["'2026-01-01 00:00:00.123+00'::timestamptz", { stringValue: '2026-01-01 00:00:00.123' }],
    ["'2026-01-01 09:00:00+09'::timestamptz", { stringValue: '2026-01-01 00:00:00' }],
    ["'2026-01-01 00:00:00.1'::timestamp", { stringValue: '2026-01-01 00:00:00.100' }],
    ["'2026-01-01 00:00:00.1234'::timestamp", { stringValue: '2026-01-01 00:00:00.123400' }],
    ["'2026-01-01'::date", { stringValue: '2026-01-01' }],
    ["'10:20:30'::time", { stringValue: '10:20:30' }],
    ['ARRAY[1, NULL, 3]', { arrayValue: { longValues: [1, null, 3] } }],
    ['ARRAY[]::int[]', { arrayValue: { longValues: [] } }],
    [String.raw`ARRAY['a,b', 'c"\d', NULL, 'NULL']`, { arrayValue: { stringValues: ['a,b', 'c"\\d', null, 'NULL'] } }],
    ['ARRAY[true, false]', { arrayValue: { booleanValues: [true, false] } }],
    ['ARRAY[0.5::float8]', { arrayValue: { doubleValues: [0.5] } }],
    ["'[0:1]={4,5}'::int[]", { arrayValue: { longValues: [4, 5] } }],
  ])('%s', async (sql, field) => {
    expect(await caller.one(`SELECT ${sql}`)).toEqual(field);
  });

  it.each([
    ["'glad'::mood", 'MOOD'],
    ["'127.0.0.1'::inet", 'INET'],
    ["'[1,2)'::int4range", 'INT4RANGE'],
    ["'1 day'::interval", 'INTERVAL'],
    ['pg_sleep(0)', 'VOID'],
    [String.raw`ARRAY['\x00'::bytea]`, '_BYTEA'],
    ['ROW(1, 2)', 'RECORD'],
  ])('refuses %s, until it is cast to text', async (sql, type) => {
    expect(await caller.failure(`SELECT ${sql}`)).toBe(
      `UnsupportedResultException: The result contains the unsupported data type ${type}.`,
    );
    expect(await caller.failure(`SELECT (${sql})::text`)).toBe('succeeded');
  });

  it('refuses arrays of several dimensions, and infinite times', async () => {
    expect(await caller.failure('SELECT ARRAY[[1,2],[3,4]]')).toBe(
      'UnsupportedResultException: The result contains a multidimensional array.',
    );
    expect(await caller.failure("SELECT 'infinity'::timestamptz")).toMatch(/^InternalFailure/);
  });

  it('counts what was changed, and has no records then', async () => {
    const inserted = await caller.execute("INSERT INTO things VALUES (1, 'a'), (2, 'b')");
    expect(inserted).toMatchObject({ numberOfRecordsUpdated: 2, generatedFields: [] });
    expect(inserted.records).toBeUndefined();
    expect((await caller.execute('UPDATE things SET name = name')).numberOfRecordsUpdated).toBe(2);
    const returned = await caller.execute('DELETE FROM things RETURNING id');
    expect(returned.records?.map((row) => row[0]?.longValue).sort()).toEqual([1, 2]);
    expect((await caller.execute('SELECT id FROM things')).records).toEqual([]);
  });

  it('describes the columns when asked', async () => {
    const result = await caller.execute("SELECT 1::bigint AS n, 'x'::varchar(9) AS t, 1.25::numeric(6,2) AS m", {
      includeResultMetadata: true,
    });
    expect(result.columnMetadata).toMatchObject([
      { name: 'n', label: 'n', typeName: 'int8', type: -5, isSigned: true },
      { name: 't', typeName: 'varchar', precision: 9 },
      { name: 'm', typeName: 'numeric', precision: 6, scale: 2 },
    ]);
    expect((await caller.execute('SELECT 1')).columnMetadata).toBeUndefined();
  });

  it('formats records as JSON, then without records and metadata', async () => {
    const sql = `SELECT 1 AS n, 'a"b' AS t, NULL AS nothing, true AS b, ARRAY[1,2] AS l, 1.5::numeric AS m FROM generate_series(1, 2)`;
    const result = await caller.execute(sql, { formatRecordsAs: 'JSON', includeResultMetadata: true });
    const row = { n: 1, t: 'a"b', nothing: null, b: true, l: [1, 2], m: '1.5' };
    expect(JSON.parse(result.formattedRecords ?? '')).toEqual([row, row]);
    expect(result.records).toBeUndefined();
    expect(result.columnMetadata).toBeUndefined();
  });

  it('ignores the format on other statements than SELECT', async () => {
    const result = await caller.execute("INSERT INTO things VALUES (9, 'z') RETURNING id", { formatRecordsAs: 'JSON' });
    expect(result.records).toEqual([[{ longValue: 9 }]]);
  });

  it('returns decimals and longs as the options say', async () => {
    const resultSetOptions = { decimalReturnType: 'DOUBLE_OR_LONG', longReturnType: 'STRING' } as const;
    const result = await caller.execute('SELECT 1.5::numeric, 3::numeric, 4::bigint', { resultSetOptions });
    expect(result.records).toEqual([[{ doubleValue: 1.5 }, { longValue: 3 }, { stringValue: '4' }]]);
  });
});
