import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { runCommand } from '../../../cli/program.ts';
import type { MigrationBundle } from '../../../lambdas/domain/migrations/bundle.ts';
import { bundleWith } from '../../support/migration-session.ts';
import { type MigrationStack, startMigrationStack } from '../../support/migration-stack.ts';

let stack: MigrationStack;
let bundle: MigrationBundle;

beforeAll(async () => {
  [stack, bundle] = await Promise.all([startMigrationStack(), bundleWith()]);
});
afterAll(() => stack.stop());
beforeEach(() => stack.writeEngine());

async function tidegate(...args: readonly string[]) {
  const out: string[] = [];
  const err: string[] = [];
  const code = await runCommand(args, { out: (line) => out.push(line), err: (line) => err.push(line) });
  return { code, out, err: err.join('\n') };
}
const migrate = (...args: readonly string[]) => tidegate('migrate', ...args, '--data', stack.dataFolder);
const schemaVersion = async () => JSON.parse((await stack.readControlObject('state/schema.json')) ?? '{}').version;

describe('tidegate migrate', () => {
  it('lists what is pending, and changes nothing', async () => {
    const { code, out } = await migrate('info');
    expect(code).toBe(0);
    expect(out[1]).toMatch(/^ *1 +pending +create hook schema$/);
    expect(out).toHaveLength(bundle.migrations.length + 2);
    expect(out.at(-1)).toBe('at version none');
    expect(await stack.server.query("SELECT FROM pg_namespace WHERE nspname = 'hook'")).toEqual([]);
  });

  it('applies with a line a file and its time, and tells the version to /ready', async () => {
    const { code, out, err } = await migrate('up');
    const head = bundle.migrations.at(-1)?.version;
    expect([code, err]).toEqual([0, '']);
    expect(out.slice(0, -1).map((line) => /^(\S+) {2}\d+ ms$/.exec(line)?.[1])).toEqual(
      bundle.migrations.map(({ script }) => script),
    );
    expect(out.at(-1)).toBe(`at version ${head}, ${bundle.migrations.length} applied`);
    expect(await schemaVersion()).toBe(head);
    expect((await migrate('info')).out[1]).toMatch(
      /^ *1 +applied +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d +\d+ ms +create hook schema$/,
    );
  });

  it('undoes the newest, then down to a version, in JSON', async () => {
    const newest = bundle.migrations.at(-1);
    expect((await migrate('undo')).out[0]).toMatch(new RegExp(`^${newest?.undo?.script} {2}\\d+ ms$`));
    const { code, out } = await migrate('undo', '--to', 'V6', '--json');
    expect(code).toBe(0);
    const answer = JSON.parse(out.join(''));
    expect(answer).toMatchObject({ version: '6' });
    expect(answer.undone).toHaveLength(bundle.migrations.length - 7);
    expect(await schemaVersion()).toBe('6');
    expect(JSON.parse((await migrate('up', '--json')).out.join('')).applied).toHaveLength(bundle.migrations.length - 6);
  });

  it('fails with 1 and the reason, in text and in JSON', async () => {
    const text = await migrate('undo', '--to', '99');
    expect([text.code, text.out]).toEqual([1, []]);
    expect(text.err).toMatch(/^error: version 99 is not in the database; it has 0, 1, 2/);
    const json = await migrate('undo', '--to', '99', '--json');
    expect([json.code, json.err]).toEqual([1, '']);
    expect(JSON.parse(json.out.join(''))).toMatchObject({ error: 'UNKNOWN_VERSION' });
  });

  it('info fails with 1 where up would refuse', async () => {
    await stack.server.query("UPDATE hook.flyway_schema_history SET checksum = checksum + 1 WHERE version = '2'");
    const { code, out, err } = await migrate('info');
    expect(code).toBe(1);
    expect(out.length).toBeGreaterThan(2);
    expect(err).toContain('V2__create_webhook_configs.sql was changed after it was applied');
    const json = await migrate('info', '--json');
    expect([json.code, json.out.length, JSON.parse(json.out[0] ?? '').problems.length]).toEqual([1, 1, 1]);
    await stack.server.query("UPDATE hook.flyway_schema_history SET checksum = checksum - 1 WHERE version = '2'");
  });

  it('ends with 2 when there is nothing to talk to, or the usage is wrong', async () => {
    const missing = await tidegate('migrate', 'info', '--data', '/nowhere');
    expect([missing.code, missing.err]).toEqual([2, expect.stringContaining('no engine runs on /nowhere')]);
    // Pids of Linux end at 2^22.
    stack.writeEngine({ pid: 2 ** 30 });
    expect(await migrate('info')).toMatchObject({
      code: 2,
      err: expect.stringContaining(`its process ${2 ** 30} is gone`),
    });
    stack.writeEngine({ outputs: {} });
    expect(await migrate('info')).toMatchObject({ code: 2, err: expect.stringContaining('has no output ClusterArn') });
    expect(await migrate('undo', '--to', 'six')).toMatchObject({
      code: 2,
      err: expect.stringContaining('such as V6 or 6'),
    });
    expect(await migrate('down')).toMatchObject({ code: 2 });
    expect(await migrate('up', '--force')).toMatchObject({
      code: 2,
      err: expect.stringContaining("unknown option '--force'"),
    });
  });

  it('shows help with examples', async () => {
    const { code, out } = await tidegate('migrate', '--help');
    expect(code).toBe(0);
    expect(out.join('\n')).toContain('tidegate migrate undo --to V6 --json');
  });
});
