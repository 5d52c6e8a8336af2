import { execFileSync, spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { type Postgres, type PostgresProps, startPostgres } from '../../local/postgres/postgres.ts';
import { isAlive } from '../../local/postgres/process-table.ts';
import { eventually } from '../support/eventually.ts';

const MODULE = join(import.meta.dirname, '..', '..', 'local', 'postgres', 'postgres.ts');
const isRoot = process.getuid?.() === 0;

describe('the supervisor of PostgreSQL', () => {
  let folder: string;
  let running: Postgres[];
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tidegate-supervisor-'));
    await chmod(folder, 0o755);
    running = [];
  });
  afterEach(async () => {
    for (const postgres of running) await postgres.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const start = async (props: Partial<PostgresProps> = {}): Promise<Postgres> => {
    const postgres = await startPostgres({ dataFolder: folder, ...props });
    running.push(postgres);
    return postgres;
  };
  const query = async (url: string, sql: string): Promise<unknown[]> => {
    const client = new pg.Client({ connectionString: url });
    client.on('error', () => undefined);
    await client.connect();
    try {
      return (await client.query(sql)).rows;
    } finally {
      await client.end();
    }
  };
  const processesOf = (data: string): string[] =>
    execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' })
      .split('\n')
      .filter((line) => line.includes(`-D ${data} `));

  it('starts from nothing, keeps its data, and leaves no process', async () => {
    const first = await start();
    await query(first.url('tidegate'), 'CREATE TABLE kept AS SELECT 42 AS n');
    await first.stop();
    expect(isAlive(first.pid)).toBe(false);
    expect(processesOf(join(folder, 'postgres', 'data'))).toEqual([]);
    const second = await start();
    expect(second.ownerPassword).toBe(first.ownerPassword);
    expect(await query(second.url('tidegate'), 'SELECT n FROM kept')).toEqual([{ n: 42 }]);
  });

  it('asks for a password, listens on the loopback alone, and syncs to disk', async () => {
    const postgres = await start();
    await expect(query(postgres.url('tidegate', 'tidegate_owner', 'wrong'), 'SELECT 1')).rejects.toMatchObject({
      code: '28P01',
    });
    const [settings] = await query(
      postgres.url('tidegate'),
      `SELECT current_setting('listen_addresses') AS listen, current_setting('fsync') AS fsync, current_setting('jit') AS jit,
              current_setting('unix_socket_directories') AS sockets, current_setting('wal_writer_delay') AS wal_writer_delay,
              (SELECT string_agg(DISTINCT auth_method, ',') FROM pg_hba_file_rules WHERE type = 'host') AS auth`,
    );
    expect(settings).toEqual({
      listen: '127.0.0.1',
      fsync: 'on',
      jit: 'off',
      sockets: '',
      wal_writer_delay: '200ms',
      auth: 'scram-sha-256',
    });
    expect((await stat(join(folder, 'postgres', 'owner-password'))).mode & 0o777).toBe(0o600);
    expect((await stat(join(folder, 'postgres', 'data'))).mode & 0o777).toBe(0o700);
  });

  it('takes over the server of a killed engine, and ends what that had open', async () => {
    const code = `
      import { startPostgres } from ${JSON.stringify(MODULE)};
      import pg from ${JSON.stringify(import.meta.resolve('pg'))};
      const postgres = await startPostgres({ dataFolder: ${JSON.stringify(folder)} });
      const client = new pg.Client({ connectionString: postgres.url('tidegate'), application_name: 'tidegate-data-api' });
      await client.connect();
      await client.query('CREATE TABLE kept (n int); INSERT INTO kept VALUES (1)');
      await client.query('BEGIN; LOCK TABLE kept');
      console.log(postgres.pid);
      setInterval(() => {}, 1000);`;
    const engine = spawn(process.execPath, ['--input-type=module-typescript', '-e', code], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const pid = await new Promise<number>((resolve) => {
      engine.stdout.once('data', (line: Buffer) => resolve(Number(line.toString())));
    });
    engine.kill('SIGKILL');
    await eventually(() => engine.signalCode !== null);
    expect(isAlive(pid)).toBe(true);
    const postgres = await start();
    expect(postgres).toMatchObject({ pid, isAdopted: true });
    expect(await query(postgres.url('tidegate'), 'SELECT n FROM kept')).toEqual([{ n: 1 }]);
    await postgres.stop();
    expect(isAlive(pid)).toBe(false);
  });

  it('replaces a left server that has other settings or does not answer', async () => {
    const first = await start();
    const second = await start({ synchronousCommit: 'off' });
    expect(second.isAdopted).toBe(false);
    expect(isAlive(first.pid)).toBe(false);
    expect(await query(second.url('tidegate'), 'SHOW synchronous_commit')).toEqual([{ synchronous_commit: 'off' }]);
    await writeFile(join(folder, 'postgres', 'owner-password'), 'not the password');
    await expect(start({ synchronousCommit: 'off' })).rejects.toMatchObject({ code: '28P01' });
    expect(isAlive(second.pid)).toBe(false);
  });

  it('starts the server again when it was killed itself, on the same port, with what was committed', async () => {
    const postgres = await start();
    const { pid: killed, port } = postgres;
    await query(postgres.url('tidegate'), 'CREATE TABLE kept AS SELECT 42 AS n');
    postgres.kill('SIGKILL');
    await eventually(() => postgres.pid !== killed);
    expect(await query(postgres.url('tidegate'), 'SELECT n FROM kept')).toEqual([{ n: 42 }]);
    expect(postgres.port).toBe(port);
    expect(isAlive(killed)).toBe(false);
  });

  it('does not start again what was stopped', async () => {
    const postgres = await start();
    await postgres.stop();
    const next = await start();
    expect(next.isAdopted).toBe(false);
    expect(next.pid).not.toBe(postgres.pid);
  });

  it('is not misled by a pid file whose number another process has by now', async () => {
    const first = await start();
    const pidFile = join(folder, 'postgres', 'data', 'postmaster.pid');
    const text = await readFile(pidFile, 'utf8');
    await first.stop();
    await writeFile(pidFile, text.replace(String(first.pid), String(process.pid)));
    const second = await start();
    expect(second.isAdopted).toBe(false);
    expect(isAlive(process.pid)).toBe(true);
  });

  it('tells from the log why it does not start', async () => {
    const first = await start();
    await first.stop();
    await writeFile(join(folder, 'postgres', 'data', 'PG_VERSION'), '9.6\n');
    await expect(start()).rejects.toMatchObject({
      code: 'START_FAILED',
      message: expect.stringContaining('9.6'),
    });
  });

  it('a throwaway server leaves no folder', async () => {
    const postgres = await start({ memory: true });
    const [row] = await query(postgres.url('tidegate'), "SELECT current_setting('data_directory') AS data");
    const { data } = row as { data: string };
    expect(processesOf(data)).toHaveLength(1);
    await postgres.stop();
    await expect(stat(data)).rejects.toMatchObject({ code: 'ENOENT' });
    expect(processesOf(data)).toEqual([]);
  });

  (isRoot ? it : it.skip)('as root, keeps the data where the server’s user can walk to', async () => {
    const home = join(folder, 'closed');
    await mkdir(home, { mode: 0o700 });
    const postgres = await start({ dataFolder: home });
    await query(postgres.url('tidegate'), 'CREATE TABLE kept AS SELECT 42 AS n');
    const room = (await readFile(join(home, 'postgres', 'location'), 'utf8')).trim();
    try {
      expect((await stat(join(room, 'data'))).uid).toBe(65_534);
      await postgres.stop();
      const again = await start({ dataFolder: home });
      expect(await query(again.url('tidegate'), 'SELECT n FROM kept')).toEqual([{ n: 42 }]);
      await again.stop();
    } finally {
      await rm(room, { recursive: true, force: true });
    }
  });
});
