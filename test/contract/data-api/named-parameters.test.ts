import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseNamedParameters } from '../../../local/data-api/named-parameters.ts';

const MIGRATIONS = join(import.meta.dirname, '..', '..', '..', 'migrations');

describe('named parameters', () => {
  it.each([
    ['SELECT :a', 'SELECT $1', ['a']],
    ['SELECT :a, :b, :a', 'SELECT $1, $2, $1', ['a', 'b']],
    ['SELECT :a::text, x::int', 'SELECT $1::text, x::int', ['a']],
    ["SELECT ':a', 'it''s :b', :c", "SELECT ':a', 'it''s :b', $1", ['c']],
    [String.raw`SELECT E'\':a', :b`, String.raw`SELECT E'\':a', $1`, ['b']],
    ['SELECT ":a", "x"":b", :c', 'SELECT ":a", "x"":b", $1', ['c']],
    ["SELECT 1 -- :a it's\n, :b", "SELECT 1 -- :a it's\n, $1", ['b']],
    ['SELECT /* :a */ :b', 'SELECT /* :a */ $1', ['b']],
    ['SELECT $$a$$, $x$b $$ c$x$, :c', 'SELECT $$a$$, $x$b $$ c$x$, $1', ['c']],
    ['SELECT make_interval(secs := :s)', 'SELECT make_interval(secs := $1)', ['s']],
    ['SELECT (:long_name_1)', 'SELECT ($1)', ['long_name_1']],
    ['SELECT col_e:a', 'SELECT col_e$1', ['a']],
  ])('%s', (sql, text, names) => {
    expect(parseNamedParameters(sql)).toMatchObject({ text, names });
  });

  it.each([['SELECT $$a :b c$$'], ['DO $body$ BEGIN x := y[1:n]; END $body$'], ['SELECT a[1:2] FROM t']])(
    'refuses what Aurora misreads: %s',
    (sql) => {
      expect(() => parseNamedParameters(sql)).toThrow(/dollar quotes nor array slices/);
    },
  );

  it.each([
    ['SELECT 1', false],
    ['SELECT 1;', false],
    ['SELECT 1; -- the end', false],
    ["SELECT ';x'", false],
    ['CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 1; SELECT 2 $$;', false],
    ['SELECT 1; SELECT 2', true],
    ['SELECT 1;;SELECT 2', true],
  ])('sees whether there is more than one statement: %s', (sql, hasSeveral) => {
    expect(parseNamedParameters(sql).hasSeveral).toBe(hasSeveral);
  });

  it('leaves text without parameters as it is', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const sql = `SELECT '${text.replaceAll("'", "''")}'`;
        return parseNamedParameters(sql).text === sql;
      }),
    );
  });

  it('finds no parameter in any migration', () => {
    for (const name of readdirSync(MIGRATIONS).filter((file) => file.endsWith('.sql'))) {
      const sql = readFileSync(join(MIGRATIONS, name), 'utf8');
      expect([name, parseNamedParameters(sql).names]).toEqual([name, []]);
    }
  });
});
