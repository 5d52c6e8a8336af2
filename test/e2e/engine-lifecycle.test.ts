/** Starting and stopping the engine, as its user sees it. */
import { execFile, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { readEngineFile } from '../../local/engine/engine-file.ts';
import { type EngineProcess, makeDataFolder, startEngineProcess } from '../support/engine-process.ts';
import { eventually } from '../support/eventually.ts';
import { processesNaming } from '../support/process-tree.ts';
import { refusedUrl } from '../support/receivers/receiver.ts';
import { Account } from './account.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const run = promisify(execFile);

function startAgain(...args: readonly string[]) {
  return spawnSync(process.execPath, ['bin/local.ts', ...args], { cwd: ROOT, encoding: 'utf8', timeout: 30_000 });
}

describe('a running engine', () => {
  let folder: string;
  let engine: EngineProcess;

  beforeAll(async () => {
    folder = await makeDataFolder();
    engine = await startEngineProcess({ dataFolder: folder, context: { sweepSeconds: '1' } });
  });

  afterAll(async () => {
    await engine.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('says how to reach it in engine.json, which its owner alone may read', () => {
    const file = readEngineFile(join(folder, 'engine.json'));
    expect(file).toMatchObject({
      url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
      gateUrl: `${file?.url}/in`,
      consoleUrl: null,
      pid: engine.pid,
      issuer: file?.url,
      endpoints: { sqs: expect.stringMatching(/\/sqs$/), rdsData: expect.stringMatching(/\/rds-data$/) },
    });
    expect(statSync(join(folder, 'engine.json')).mode & 0o777).toBe(0o600);
  });

  it('lets psql and Flyway in as the owner', async () => {
    const client = new pg.Client({ connectionString: engine.databaseUrl });
    await client.connect();
    const { rows } = await client.query(
      'SELECT script FROM hook.flyway_schema_history WHERE success ORDER BY installed_rank LIMIT 1',
    );
    await client.end();
    expect(rows).toEqual([{ script: 'V1__create_hook_schema.sql' }]);
  });

  it('is ready by its own account', async () => {
    expect(await (await fetch(`${engine.url}/ready`)).json()).toMatchObject({ status: 'ready' });
  });

  it('refuses a second start on its folder, naming the pid', () => {
    const second = startAgain('--port', '0', '--data', folder);
    expect(second.status).toBe(1);
    expect(second.stderr).toContain(`pid ${engine.pid}`);
    expect(readEngineFile(join(folder, 'engine.json'))?.pid).toBe(engine.pid);
  });

  it('refuses a port that is taken, and leaves nothing behind', () => {
    const other = mkdtempSync(join(tmpdir(), 'tidegate-taken-'));
    const second = startAgain('--port', new URL(engine.url).port, '--data', other);
    expect(second.status).toBe(1);
    expect(second.stderr).toMatch(/port \d+ is taken/);
    expect(processesNaming(other)).toEqual([]);
    rmSync(other, { recursive: true, force: true });
  });

  it('answers drills with the error shape when they make no sense', async () => {
    for (const body of [
      '{}',
      'no json',
      '{"service":"database","mode":"sideways"}',
      '{"service":"moon","mode":"up"}',
    ]) {
      const answer = await fetch(`${engine.url}/_local/faults`, { method: 'PUT', body });
      expect(answer.status).toBe(400);
      expect(await answer.json()).toEqual({ error: 'VALIDATION_ERROR', message: expect.any(String) });
    }
  });

  it('prints three commands that work as they are pasted, and shows what arrived', async () => {
    const commands = engine.output().match(/^ {2}curl .*$/gm) ?? [];
    expect(commands).toHaveLength(3);
    const paste = async (command = '') => JSON.parse((await run('bash', ['-c', command])).stdout) as Answer;
    const webhook = await paste(commands[0]);
    const event = await paste(commands[1]);
    await eventually(async () => (await paste(commands[2])).data?.[0]?.status === 'delivered');
    const inbox = (await (await fetch(`${engine.url}/_local/inbox`)).json()) as Inbox;
    expect(inbox.data).toEqual([
      expect.objectContaining({
        method: 'POST',
        headers: expect.objectContaining({
          'x-webhook-subscription-id': webhook.webhookId,
          'webhook-signature': expect.stringMatching(/^v1,/),
        }),
      }),
    ]);
    expect(JSON.parse(inbox.data[0]?.body ?? '')).toMatchObject({ id: event.eventId, event_type: 'order.created' });
    expect(engine.output()).toMatch(/inbox: POST \/inbox order\.created webhook-id/);
  });

  it('stops at SIGTERM, leaves no process, and finds everything again', async () => {
    const account = await Account.login(engine);
    const { webhookId } = await account.webhook({ url: await refusedUrl(), description: 'kept' });
    await engine.stop();
    expect(processesNaming(folder)).toEqual([]);
    expect(existsSync(join(folder, 'engine.json'))).toBe(false);
    engine = await startEngineProcess({ dataFolder: folder, context: { sweepSeconds: '1' } });
    const again = await Account.login(engine, account.accountId);
    expect(await again.expect(200, 'GET', `/v1/webhooks/${webhookId}`)).toMatchObject({ description: 'kept' });
  });
});

interface Answer {
  readonly webhookId?: string;
  readonly eventId?: string;
  readonly data?: readonly { readonly status: string }[];
}

interface Inbox {
  readonly data: readonly { readonly body: string }[];
}

describe('the command line', () => {
  it.each<[string[], RegExp]>([
    [['--bogus'], /unknown option '--bogus'/],
    [['--port', 'x'], /--port.*must be a number/],
    [['--port', '70000'], /--port.*must be a number/],
    [['-c', 'sweepSeconds'], /must be key=value/],
    [['-c', 'sweepSeconds=soon'], /sweepSeconds/],
    [['-c', 'nonsense=1'], /nonsense: no such key/],
    [['-c', 'egress=all'], /egress/],
    [['extra'], /too many arguments/],
  ])('refuses %j', (args, message) => {
    const { status, stderr } = startAgain('--data', join(tmpdir(), 'tidegate-never-made'), ...args);
    expect(status).toBe(1);
    expect(stderr).toMatch(message);
    expect(existsSync(join(tmpdir(), 'tidegate-never-made'))).toBe(false);
  });

  it('explains itself, with every context key', () => {
    const { status, stdout } = startAgain('--help');
    expect(status).toBe(0);
    expect(stdout).toContain('npm start -- --port 0 --memory');
    expect(stdout).toContain('retryScheduleSeconds');
    expect(stdout).toContain('egress');
  });
});

describe('an engine in memory', () => {
  let folder: string;
  let engine: EngineProcess | undefined;

  beforeAll(async () => {
    folder = await makeDataFolder();
  });

  afterAll(async () => {
    await engine?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('keeps nothing, not even its database', async () => {
    engine = await startEngineProcess({ dataFolder: folder, args: ['--memory'] });
    const { accountId } = await publishedAccount(engine);
    await engine.stop();
    engine = await startEngineProcess({ dataFolder: folder, args: ['--memory'] });
    const account = await Account.login(engine, accountId);
    expect(await account.deliveries()).toEqual([]);
    expect((await account.request('GET', '/v1/webhooks')).json).toMatchObject({ data: [] });
    await engine.stop();
    expect(processesNaming(folder)).toEqual([]);
  });
});

async function publishedAccount(engine: EngineProcess): Promise<Account> {
  const account = await Account.login(engine);
  await account.webhook({ url: await refusedUrl() });
  await account.publish({ type: 'order.paid', data: {} });
  await account.until((all) => all.length === 1);
  return account;
}
