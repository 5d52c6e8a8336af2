import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { MigrationBundle } from '../../../lambdas/domain/migrations/bundle.ts';
import { migrateInfo } from '../../../lambdas/migrate/info.ts';
import { migrateUndo } from '../../../lambdas/migrate/undo.ts';
import { migrateUp } from '../../../lambdas/migrate/up.ts';
import { startTestDatabase, type TestDatabase } from '../../support/database.ts';
import {
  bundleUpTo,
  bundleWith,
  emptyDatabase,
  losingCommitAfter,
  migrationSession,
  queryIn,
} from '../../support/migration-session.ts';

const servicePassword = 'correct-horse-battery-staple';

/**
 * Everything in the schema that a migration makes, with hook_svc's rights. Not PUBLIC's: U6 does not give back what V6
 * took from it, since an undo must open no door.
 */
const SHAPE = `
SELECT 'column' AS kind, c.relname || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || ' ' || a.attnotnull
       || ' ' || coalesce(pg_get_expr(d.adbin, d.adrelid), '') AS it
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
 WHERE c.relnamespace = 'hook'::regnamespace
UNION ALL SELECT 'constraint', conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid)
  FROM pg_constraint WHERE connamespace = 'hook'::regnamespace
UNION ALL SELECT 'index', indexdef FROM pg_indexes WHERE schemaname = 'hook'
UNION ALL SELECT 'function', pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'hook'::regnamespace
UNION ALL SELECT 'trigger', pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
UNION ALL SELECT 'rights', relname || ' ' || r.rolname || ' ' || a.privilege_type
  FROM pg_class, aclexplode(relacl) a JOIN pg_roles r ON r.oid = a.grantee
 WHERE relnamespace = 'hook'::regnamespace AND r.rolname = 'hook_svc'
UNION ALL SELECT 'rights', proname || ' ' || a.privilege_type
  FROM pg_proc, aclexplode(proacl) a JOIN pg_roles r ON r.oid = a.grantee
 WHERE pronamespace = 'hook'::regnamespace AND r.rolname = 'hook_svc'
 ORDER BY 1, 2`;

let server: TestDatabase;
let bundle: MigrationBundle;
let database: string;

beforeAll(async () => {
  server = await startTestDatabase({ isMigrated: false });
  bundle = await bundleWith();
});
afterAll(() => server.stop());
beforeEach(async () => {
  database = await emptyDatabase(server);
});

const session = () => migrationSession(server, { database });
const up = (of = bundle) => migrateUp({ session: session(), bundle: of, servicePassword });
const undo = (to?: string, of = bundle) => migrateUndo({ session: session(), bundle: of, to });
const shape = () => queryIn<{ kind: string; it: string }>(server, database, SHAPE);
const undoable = async () => {
  const rows = await queryIn<{ version: string }>(server, database, 'SELECT version FROM hook.migration_undo');
  return rows.map(({ version }) => version);
};

describe('undo', () => {
  it('takes the newest version back, and up brings it again', async () => {
    await up();
    const newest = bundle.migrations.at(-1);
    const before = bundle.migrations.at(-2);
    expect(await undo()).toMatchObject({ version: before?.version, undone: [{ script: newest?.undo?.script }] });
    const { migrations } = await migrateInfo(session(), bundle);
    expect(migrations.at(-1)).toMatchObject({ version: newest?.version, state: 'pending', installedOn: null });
    expect(await undoable()).not.toContain(newest?.version);
    expect((await up()).applied).toMatchObject([{ script: newest?.script }]);
  });

  it('goes back step by step through the very shapes that up went through', async () => {
    const shapes = new Map<string, unknown>();
    for (const { version } of bundle.migrations) {
      await up({
        ...bundle,
        migrations: bundle.migrations.slice(0, bundle.migrations.findIndex((m) => m.version === version) + 1),
      });
      shapes.set(version, await shape());
    }
    for (const { version } of bundle.migrations.toReversed().slice(1)) {
      expect(await undo()).toMatchObject({ version });
      expect({ version, shape: await shape() }).toEqual({ version, shape: shapes.get(version) });
    }
  });

  it('leaves nothing but the history and its own table at 0, and everything can be redone', async () => {
    await up();
    const whole = await shape();
    expect(await undo('0')).toMatchObject({ version: null });
    const left = await queryIn(
      server,
      database,
      "SELECT relname FROM pg_class WHERE relnamespace = 'hook'::regnamespace AND relkind IN ('r', 'p') ORDER BY 1",
    );
    expect(left).toEqual([{ relname: 'flyway_schema_history' }, { relname: 'migration_undo' }]);
    expect((await up()).applied).toHaveLength(bundle.migrations.length);
    expect(await shape()).toEqual(whole);
  });

  it('works from an older bundle, by the script that the database keeps', async () => {
    const newer = await bundleWith(
      { script: 'V900__add_note.sql', text: 'ALTER TABLE hook.webhook_configs ADD COLUMN note text;' },
      {
        script: 'U900__drop_note.sql',
        text: '-- takes it back\nALTER TABLE hook.webhook_configs DROP COLUMN note;\nSELECT 1;',
      },
    );
    await up(newer);
    const result = await undo('6', await bundleUpTo(6));
    expect(result.undone[0]).toMatchObject({ version: '900', script: 'U900__drop_note.sql' });
    expect(result.version).toBe('6');
  });

  it('of one version undoes one, also when the answer to its commit is lost', async () => {
    await up();
    const lossy = losingCommitAfter(session(), /DELETE FROM hook.flyway_schema_history/);
    const { version } = await migrateUndo({ session: lossy, bundle });
    expect(version).toBe(bundle.migrations.at(-2)?.version);
  });

  it('falls back on the bundle where plain Flyway applied the version', async () => {
    await up();
    await queryIn(server, database, 'DELETE FROM hook.migration_undo');
    expect((await undo('8')).version).toBe('8');
  });

  it('stores scripts that are missing or were mended, and never from an older bundle', async () => {
    await up();
    await queryIn(
      server,
      database,
      "DELETE FROM hook.migration_undo WHERE version = '2'; UPDATE hook.migration_undo SET checksum = 1, statements = '[]' WHERE version = '3'",
    );
    await up(await bundleUpTo(6));
    expect(await undoable()).not.toContain('2');
    await up();
    expect(await undoable()).toContain('2');
    const rows = await queryIn<{ n: number }>(
      server,
      database,
      "SELECT jsonb_array_length(statements) AS n FROM hook.migration_undo WHERE version = '3'",
    );
    expect(rows).toEqual([{ n: bundle.migrations[2]?.undo?.statements.length }]);
  });

  it('refuses a version that is not there, and a way that has a gap, before it undoes anything', async () => {
    await up();
    await expect(undo('99')).rejects.toMatchObject({ code: 'UNKNOWN_VERSION' });
    await up(
      await bundleWith(
        { script: 'V900__no_way_back.sql', text: 'SELECT 1' },
        { script: 'V901__b.sql', text: 'SELECT 1' },
        { script: 'U901__b.sql', text: 'SELECT 1' },
      ),
    );
    await expect(undo('6')).rejects.toThrow('V900__no_way_back.sql has no undo script: nothing was undone');
    expect((await migrateInfo(session(), bundle)).version).toBe('901');
  });

  it('that fails names file and line, and leaves the version in force', async () => {
    await up(
      await bundleWith(
        { script: 'V900__a.sql', text: 'SELECT 1' },
        { script: 'U900__a.sql', text: 'SELECT 1;\nDROP TABLE hook.nothing;' },
      ),
    );
    await expect(undo()).rejects.toThrow('U900__a.sql line 2: table "nothing" does not exist; SQLState: 42P01');
    expect((await migrateInfo(session(), bundle)).version).toBe('900');
  });

  it('of an empty database has nothing to do, and makes nothing', async () => {
    expect(await undo()).toEqual({ version: null, undone: [] });
    expect(await queryIn(server, database, "SELECT FROM pg_namespace WHERE nspname = 'hook'")).toEqual([]);
  });
});
