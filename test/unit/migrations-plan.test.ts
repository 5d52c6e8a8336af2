import { describe, expect, it } from '@jest/globals';
import type { Migration } from '../../lambdas/domain/migrations/bundle.ts';
import { currentVersion, type HistoryRow, readHistory } from '../../lambdas/domain/migrations/history.ts';
import { planMigrations } from '../../lambdas/domain/migrations/plan.ts';
import { planUndo } from '../../lambdas/domain/migrations/undo-plan.ts';

function migration(version: string, checksum = Number(version) * 100): Migration {
  return {
    version,
    checksum,
    description: `step ${version}`,
    script: `V${version}__step_${version}.sql`,
    statements: [],
    undo: null,
  };
}

function row(version: string | null, changes: Partial<HistoryRow> = {}): HistoryRow {
  const { description, script, checksum } = migration(version ?? '0');
  const rest = { type: 'SQL', installedOn: '2026-01-01T00:00:00', executionTimeMs: 1, isSuccess: true };
  return { installedRank: Number(version), version, description, script, checksum, ...rest, ...changes };
}

const bundle = ['1', '2', '3'].map((version) => migration(version));

describe('a history', () => {
  it("leaves Flyway's own rows out, and takes the version of the newest one in force", () => {
    const history = readHistory([row('2'), row(null, { type: 'SCHEMA', installedRank: 0 }), row('1')]);
    expect(history.applied.map(({ version }) => version)).toEqual(['1', '2']);
    expect(currentVersion(history)).toBe('2');
    expect(history.nextRank).toBe(3);
  });

  it('takes an undone version out, and a redone one in again', () => {
    const undone = row('2', { type: 'UNDO_SQL', installedRank: 3 });
    expect(currentVersion(readHistory([row('1'), row('2'), undone]))).toBe('1');
    const redone = row('2', { installedRank: 4 });
    expect(readHistory([row('1'), row('2'), undone, redone])).toMatchObject({
      nextRank: 5,
      applied: [{}, { installedRank: 4 }],
    });
  });

  it('of nothing has no version and begins with rank 1', () => {
    expect(readHistory([])).toMatchObject({ applied: [], nextRank: 1, failed: [] });
    expect(currentVersion(readHistory([]))).toBeNull();
  });
});

describe('a plan', () => {
  const pendingAfter = (rows: readonly HistoryRow[]) => {
    const plan = planMigrations(bundle, readHistory(rows));
    return plan.kind === 'ready' ? plan.pending.map(({ version }) => version) : plan.problems;
  };

  it('applies what is not applied, in order', () => {
    expect(pendingAfter([])).toEqual(['1', '2', '3']);
    expect(pendingAfter([row('1')])).toEqual(['2', '3']);
    expect(pendingAfter([row('1'), row('2'), row('3')])).toEqual([]);
  });

  it('begins after a baseline', () => {
    expect(pendingAfter([row('2', { type: 'BASELINE', checksum: null })])).toEqual(['3']);
  });

  it('leaves a newer history alone', () => {
    const history = readHistory([row('1'), row('2'), row('3'), row('4')]);
    expect(planMigrations(bundle, history)).toMatchObject({ kind: 'ready', pending: [], newer: [{ version: '4' }] });
  });

  it.each([
    [
      'a changed file',
      [row('1', { checksum: 7 })],
      'V1__step_1.sql was changed after it was applied: its checksum was 7, now it is 100',
    ],
    ['a renamed file', [row('1', { description: 'other' })], 'V1__step_1.sql was renamed after it was applied'],
    ['a file that came too late', [row('1'), row('3')], 'V2__step_2.sql was never applied, but version 3 after it was'],
    [
      'a file that is gone',
      [row('1'), row('1.5', { installedRank: 2 })],
      'V1.5__step_1.5.sql was applied, but is not among',
    ],
    ['a failed row', [row('1', { isSuccess: false })], 'V1__step_1.sql is recorded as failed'],
  ])('refuses %s by its name', (_, rows, problem) => {
    expect(pendingAfter(rows)).toContainEqual(expect.stringContaining(problem));
  });

  it('names everything that is wrong at once', () => {
    expect(pendingAfter([row('1', { checksum: 7 }), row('2', { checksum: 8 })])).toHaveLength(2);
  });
});

describe('an undo', () => {
  const history = readHistory([row('1'), row('2'), row('3')]);

  it.each([
    [undefined, ['3']],
    ['1', ['3', '2']],
    ['0', ['3', '2', '1']],
    ['3', []],
    ['2.0', ['3']],
  ])('to %s takes %j, newest first', (to, versions) => {
    const plan = planUndo(history, to);
    expect(plan.kind === 'ready' && plan.rows.map(({ version }) => version)).toEqual(versions);
  });

  it('to a version that is not there says which are', () => {
    expect(planUndo(history, '4')).toEqual({ kind: 'unknown-version', known: ['0', '1', '2', '3'] });
  });

  it('never goes below a baseline', () => {
    const baselined = readHistory([row('2', { type: 'BASELINE' }), row('3')]);
    expect(planUndo(baselined, '2')).toMatchObject({ kind: 'ready', rows: [{ version: '3' }] });
    expect(planUndo(baselined, '1').kind).toBe('unknown-version');
  });
});
