import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Caller, callerOf } from '../../support/data-api-caller.ts';
import { startTestDatabase, type TestDatabase } from '../../support/database.ts';

const UUID = '0193d5f0-0000-7000-8000-000000000001';

describe('parameters of the Data API', () => {
  let database: TestDatabase;
  let caller: Caller;
  beforeAll(async () => {
    database = await startTestDatabase({ isMigrated: false });
    caller = callerOf(database);
    await database.query(
      'CREATE TABLE things (id uuid, doc jsonb, amount numeric, at timestamp, day date, time time, n int, text text)',
    );
  });
  afterAll(() => database.stop());

  it.each([
    ['longValue', { longValue: 7 }, 'bigint'],
    ['doubleValue', { doubleValue: 0.5 }, 'double precision'],
    ['booleanValue', { booleanValue: true }, 'boolean'],
    ['stringValue', { stringValue: 'x' }, 'text'],
    ['blobValue', { blobValue: new Uint8Array([1, 255]) }, 'bytea'],
  ])('%s has its own type', async (_, value, type) => {
    expect(await caller.one('SELECT pg_typeof(:a)::text', [{ name: 'a', value }])).toEqual({ stringValue: type });
  });

  it.each([
    ['UUID', UUID, 'uuid'],
    ['JSON', '{"a":1}', 'json'],
    ['DECIMAL', '1.50', 'numeric'],
    ['TIMESTAMP', '2026-01-01 00:00:00.123', 'timestamp without time zone'],
    ['DATE', '2026-01-01', 'date'],
    ['TIME', '10:20:30', 'time without time zone'],
  ] as const)('the hint %s makes a stringValue that type', async (typeHint, stringValue, type) => {
    const parameters = [{ name: 'a', typeHint, value: { stringValue } }];
    expect(await caller.one('SELECT pg_typeof(:a)::text', parameters)).toEqual({ stringValue: type });
  });

  it.each([
    ['id', UUID, 'uuid'],
    ['doc', '{}', 'jsonb'],
    ['amount', '1', 'numeric'],
    ['at', '2026-01-01', 'timestamp without time zone'],
    ['day', '2026-01-01', 'date'],
  ])('a stringValue without hint or cast does not go into %s', async (column, stringValue, type) => {
    const sql = `INSERT INTO things (${column}) VALUES (:a)`;
    const failure = await caller.failure(sql, { parameters: [{ name: 'a', value: { stringValue } }] });
    expect(failure).toContain(`DatabaseErrorException: ERROR: column "${column}" is of type ${type}`);
    expect(failure).toMatch(/; Hint: .*; Position: \d+; SQLState: 42804$/);
    const cast = await caller.execute(`INSERT INTO things (${column}) VALUES (:a::${type})`, {
      parameters: [{ name: 'a', value: { stringValue } }],
    });
    expect(cast.numberOfRecordsUpdated).toBe(1);
  });

  it('a null goes into any column', async () => {
    const sql = 'INSERT INTO things (id, doc, n) VALUES (:a, :a2, :a3)';
    const parameters = ['a', 'a2', 'a3'].map((name) => ({ name, value: { isNull: true } }));
    expect((await caller.execute(sql, { parameters })).numberOfRecordsUpdated).toBe(1);
  });

  it('bytes survive', async () => {
    const blobValue = new Uint8Array([0, 1, 2, 254, 255]);
    expect(await caller.one('SELECT :a', [{ name: 'a', value: { blobValue } }])).toEqual({ blobValue });
  });

  it('text survives, with quotes, line ends and emoji', async () => {
    const stringValue = 'a\'b"c\\d\n\te\u2028😀';
    expect(await caller.one('SELECT :a', [{ name: 'a', value: { stringValue } }])).toEqual({ stringValue });
  });

  it('refuses U+0000 as PostgreSQL does', async () => {
    const parameters = [{ name: 'a', value: { stringValue: 'a\0b' } }];
    expect(await caller.failure('SELECT :a', { parameters })).toMatch(/SQLState: 22021$/);
  });

  it('refuses arrays', async () => {
    const parameters = [{ name: 'a', value: { arrayValue: { longValues: [1, 2] } } }];
    expect(await caller.failure('SELECT :a', { parameters })).toBe(
      'ValidationException: Array parameters are not supported.',
    );
  });

  it('refuses a parameter without a value, and one that is not given', async () => {
    expect(await caller.failure('SELECT :a')).toBe('BadRequestException: Cannot find parameter: a');
    const unset = await caller.failure('SELECT :a', { parameters: [{ name: 'a' }] });
    expect(unset).toBe('ValidationException: Parameter a has no value.');
  });

  it('refuses a hinted value in another format', async () => {
    const parameters = [
      { name: 'a', typeHint: 'TIMESTAMP' as const, value: { stringValue: '2026-01-01T00:00:00.000Z' } },
    ];
    expect(await caller.failure('SELECT :a', { parameters })).toMatch(/^ValidationException: .*TIMESTAMP/);
  });
});
