import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { MigrationBundle } from '../../lambdas/domain/migrations/bundle.ts';
import { buildMigrations } from '../../scripts/build-migrations.ts';
import { compileMigrations, readSources } from '../../scripts/migrations/compile-migrations.ts';
import { splitStatements } from '../../scripts/migrations/split-statements.ts';
import { MIGRATIONS_FOLDER } from '../support/migration-session.ts';

const compileOne = (script: string, text: string) => compileMigrations([{ script, text }]);

describe('splitting', () => {
  it('keeps function bodies, strings and comments with semicolons whole, and knows the lines', async () => {
    const text = [
      '-- first; of all',
      "/* nested /* twice; */ */ CREATE TABLE é (a text DEFAULT 'x;y'); -- tail;",
      '',
      'CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $body$',
      'BEGIN',
      "  RETURN 1; -- ';",
      'END $body$;',
      'SELECT 2',
    ].join('\n');
    expect(await splitStatements('V1__x.sql', text)).toEqual([
      { line: 2, text: "CREATE TABLE é (a text DEFAULT 'x;y')" },
      {
        line: 4,
        text: "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $body$\nBEGIN\n  RETURN 1; -- ';\nEND $body$",
      },
      { line: 8, text: 'SELECT 2' },
    ]);
  });

  it('finds nothing in a file of comments', async () => {
    expect(await splitStatements('V1__x.sql', '-- nothing\n')).toEqual([]);
  });
});

describe('compiling', () => {
  it.each([
    ['V9__oops.sql', 'alter tabel x', 'V9__oops.sql line 1: syntax error at or near "tabel"; SQLState: 42601'],
    [
      'V9__oops.sql',
      "-- é\nSELECT 'é';\nSELECT 1;\n  SELEC 1;",
      'V9__oops.sql line 4: syntax error at or near "SELEC"; SQLState: 42601',
    ],
    ['V9__oops.sql', 'CREATE TABLE x (a int);\nCOMMIT;', 'V9__oops.sql line 2: COMMIT would end the transaction'],
    ['V9__oops.sql', 'SELECT 1;\nDO $$ BEGIN PERFORM 1 :name; END $$', 'V9__oops.sql line 2: DO $$ BEGIN'],
    ['V9__oops.sql', 'SELECT 1 AS a, :name', 'V9__oops.sql line 1: syntax error'],
    ['V9_oops.sql', 'SELECT 1', 'V9_oops.sql: migrations are named V<version>__<what_it_does>.sql'],
    ['U9__oops.sql', 'SELECT 1', 'U9__oops.sql undoes a version that has no file'],
    ['V9__long.sql', `SELECT '${'x'.repeat(70_000)}'`, 'V9__long.sql line 1'],
  ])('refuses %s with %j', async (script, text, message) => {
    const refusal = compileOne(script, text);
    await expect(refusal).rejects.toMatchObject({ code: 'INVALID_MIGRATION', script });
    await expect(refusal).rejects.toThrow(message);
  });

  it('refuses one version twice', async () => {
    const sources = ['V9__a.sql', 'V9.0__b.sql'].map((script) => ({ script, text: 'SELECT 1' }));
    await expect(compileMigrations(sources)).rejects.toThrow('V9__a.sql and V9.0__b.sql have the same version');
  });

  it('orders by number and pairs undo scripts', async () => {
    const sources = ['V10__b.sql', 'V2__a.sql', 'U2__a_back.sql'].map((script) => ({
      script,
      text: `SELECT '${script}';`,
    }));
    const { migrations } = await compileMigrations(sources);
    expect(migrations.map(({ script, undo }) => [script, undo?.script])).toEqual([
      ['V2__a.sql', 'U2__a_back.sql'],
      ['V10__b.sql', undefined],
    ]);
    expect(migrations[0]?.undo?.source).toBe("SELECT 'U2__a_back.sql';");
  });

  it('takes every file of the project, each version with its undo script', async () => {
    const { migrations } = await compileMigrations(await readSources(MIGRATIONS_FOLDER));
    expect(migrations.length).toBeGreaterThanOrEqual(11);
    for (const { statements, undo } of migrations) {
      expect(statements.length).toBeGreaterThan(0);
      expect(undo?.statements.length).toBeGreaterThan(0);
    }
  });
});

describe('the built bundle', () => {
  let folder: string;
  const output = () => join(folder, 'generated', 'migrations.json');
  const read = async (): Promise<MigrationBundle> => JSON.parse(await readFile(output(), 'utf8'));

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tidegate-migrations-'));
    await writeFile(join(folder, 'V1__a.sql'), 'SELECT 1;');
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('is left alone while nothing changes, and made anew when something does', async () => {
    await buildMigrations({ folder, output: output() });
    const first = await stat(output());
    await buildMigrations({ folder, output: output() });
    expect((await stat(output())).ino).toBe(first.ino);
    await writeFile(join(folder, 'V2__b.sql'), 'SELECT 2;');
    await buildMigrations({ folder, output: output() });
    expect((await read()).migrations.map(({ version }) => version)).toEqual(['1', '2']);
  });

  it('is whole however many build it at once, and a broken file leaves the last good one', async () => {
    await Promise.all(Array.from({ length: 8 }, () => buildMigrations({ folder, output: output() })));
    await writeFile(join(folder, 'V2__b.sql'), 'SELEC 2;');
    await expect(buildMigrations({ folder, output: output() })).rejects.toThrow('V2__b.sql line 1');
    expect((await read()).migrations).toHaveLength(1);
    expect(await readdir(join(folder, 'generated'))).toEqual(['migrations.json']);
  });
});
