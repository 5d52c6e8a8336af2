import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { MigrationBundle } from '../../../lambdas/domain/migrations/bundle.ts';
import { migrateInfo } from '../../../lambdas/migrate/info.ts';
import { migrateUp } from '../../../lambdas/migrate/up.ts';
import { startTestDatabase, type TestDatabase } from '../../support/database.ts';
import {
  bundleUpTo,
  bundleWith,
  emptyDatabase,
  losingCommitAfter,
  type MigrationSessionProps,
  migrationSession,
  queryIn,
} from '../../support/migration-session.ts';

const servicePassword = 'correct-horse-battery-staple';

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

const session = (props: MigrationSessionProps = {}) => migrationSession(server, { database, ...props });
const up = (of = bundle, props: MigrationSessionProps = {}) =>
  migrateUp({ session: session(props), bundle: of, servicePassword });
const versions = async () => {
  const rows = await queryIn<{ version: string }>(
    server,
    database,
    'SELECT version FROM hook.flyway_schema_history ORDER BY installed_rank',
  );
  return rows.map(({ version }) => version);
};

describe('up', () => {
  it('applies every file in order, and the second time none', async () => {
    const first = await up();
    expect(first.applied.map(({ script }) => script)).toEqual(bundle.migrations.map(({ script }) => script));
    expect(await up()).toMatchObject({ version: first.version, applied: [], warnings: [] });
    expect(await versions()).toEqual(bundle.migrations.map(({ version }) => version));
  });

  it('applies each file once, however many run at the same time', async () => {
    const results = await Promise.all(Array.from({ length: 20 }, () => up()));
    const applied = results.flatMap((result) => result.applied.map(({ version }) => version));
    expect(applied.toSorted()).toEqual(bundle.migrations.map(({ version }) => version).toSorted());
    expect(new Set(results.map(({ version }) => version))).toEqual(new Set([bundle.migrations.at(-1)?.version]));
    expect(await versions()).toEqual(bundle.migrations.map(({ version }) => version));
  });
});

describe('a failing file', () => {
  it('is named with its line; the files before it stay, and its own statements do not', async () => {
    const broken = await bundleWith(
      { script: 'V900__fine.sql', text: 'CREATE TABLE hook.fine (id int);' },
      {
        script: 'V901__oops.sql',
        text: 'CREATE TABLE hook.half (id int);\n\nALTER TABLE hook.half\n  ADD COLUMN a nonsense;\n',
      },
      { script: 'V902__never.sql', text: 'CREATE TABLE hook.never (id int);' },
    );
    const failure = up(broken);
    await expect(failure).rejects.toThrow(
      expect.objectContaining({
        message: 'V901__oops.sql line 4: type "nonsense" does not exist; SQLState: 42704',
        code: 'STATEMENT_FAILED',
        script: 'V901__oops.sql',
        line: 4,
        sqlState: '42704',
      }),
    );
    expect((await versions()).at(-1)).toBe('900');
    const tables = await queryIn<{ fine: string; half: null }>(
      server,
      database,
      "SELECT to_regclass('hook.fine')::text AS fine, to_regclass('hook.half') AS half",
    );
    expect(tables).toEqual([{ fine: 'hook.fine', half: null }]);
  });

  it('names the line of a statement that fails without a position', async () => {
    const broken = await bundleWith({
      script: 'V900__oops.sql',
      text: "-- why\n\nDO $$ BEGIN RAISE 'no %', 1; END $$;",
    });
    await expect(up(broken)).rejects.toThrow('V900__oops.sql line 3: no 1; SQLState: P0001');
  });

  it('can be mended and applied', async () => {
    await expect(up(await bundleWith({ script: 'V900__a.sql', text: 'SELECT nothing;' }))).rejects.toThrow(
      'V900__a.sql line 1',
    );
    const mended = await up(await bundleWith({ script: 'V900__a.sql', text: 'SELECT 1;' }));
    expect(mended.applied.map(({ script }) => script)).toEqual(['V900__a.sql']);
  });
});

describe('a history that does not fit', () => {
  it('is refused when an applied file was changed, naming it', async () => {
    await up();
    const changed = await bundleWith({ script: 'V7__add_api_version.sql', text: 'SELECT 7;' });
    await expect(up(changed)).rejects.toMatchObject({ code: 'HISTORY_CONFLICT' });
    await expect(up(changed)).rejects.toThrow('V7__add_api_version.sql was changed after it was applied');
    expect((await migrateInfo(session(), changed)).problems).toHaveLength(1);
  });

  it('succeeds with a warning when it is newer than the bundle, as in a rollback of the stack', async () => {
    await up();
    const older = await up(await bundleUpTo(6));
    expect(older).toMatchObject({ version: bundle.migrations.at(-1)?.version, applied: [] });
    expect(older.warnings).toEqual([expect.stringContaining("newer than this bundle's 6")]);
    expect(await versions()).toHaveLength(bundle.migrations.length);
  });
});

describe('a database that is not there at once', () => {
  it('is waited for while it resumes', async () => {
    const waits: string[] = [];
    const waiting = session();
    server.dataApi.setState('resuming');
    const done = migrateUp({
      session: {
        ...waiting,
        onRetry: ({ code }) => {
          waits.push(code);
          if (waits.length === 3) server.dataApi.setState('up');
        },
      },
      bundle,
    });
    await expect(done).resolves.toMatchObject({ version: bundle.migrations.at(-1)?.version });
    expect(waits.slice(0, 3)).toEqual(Array(3).fill('DatabaseResumingException'));
  });

  it('whose answer to a commit is lost is asked again, and nothing is applied twice', async () => {
    const lossy = losingCommitAfter(session(), /CREATE TABLE hook.account_keys/);
    const { applied, version } = await migrateUp({ session: lossy, bundle, servicePassword });
    expect(version).toBe(bundle.migrations.at(-1)?.version);
    // The lost one was applied, but nobody can tell any more by whom.
    expect(applied).toHaveLength(bundle.migrations.length - 1);
    expect(await versions()).toEqual(bundle.migrations.map((migration) => migration.version));
  });

  it('is given up on when the time is over, saying why', async () => {
    server.dataApi.setState('resuming');
    try {
      await expect(up(bundle, { budgetMs: 300 })).rejects.toMatchObject({
        code: 'OUT_OF_TIME',
        message: expect.stringContaining('DatabaseResumingException'),
      });
    } finally {
      server.dataApi.setState('up');
    }
  });
});
