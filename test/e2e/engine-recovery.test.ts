/** What is left after a crash, of the whole engine or of one function. */

import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type EngineProcess, makeDataFolder, startEngineProcess } from '../support/engine-process.ts';
import { eventually } from '../support/eventually.ts';
import { processesNaming } from '../support/process-tree.ts';
import { answer, hang } from '../support/receivers/behaviours.ts';
import { type Receiver, startReceiver } from '../support/receivers/receiver.ts';
import { Account } from './account.ts';

const ROOT = join(import.meta.dirname, '..', '..');

describe('a crash', () => {
  let folder: string;
  let engine: EngineProcess;
  let receiver: Receiver;

  const start = () => startEngineProcess({ dataFolder: folder, context: { sweepSeconds: '1' } });

  beforeEach(async () => {
    folder = await makeDataFolder();
    receiver = await startReceiver(hang);
    engine = await start();
  });

  afterEach(async () => {
    await receiver.close();
    await engine.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('of the engine loses nothing, and holds nothing up at the next start', async () => {
    const account = await Account.login(engine);
    await account.webhook({ url: receiver.url });
    await account.publish({ type: 'order.first', data: {} });
    await eventually(() => receiver.requests.length === 1);
    const events = Array.from({ length: 30 }, (_, n) => account.publish({ type: 'order.more', data: { n } }));
    await Promise.all(events);
    await engine.kill9();
    receiver.behave(answer(200));

    engine = await start();
    const again = await Account.login(engine, account.accountId);
    const deliveries = await again.allEnded(31, 15_000);
    expect(new Set(deliveries.map(({ status }) => status))).toEqual(new Set(['delivered']));
    const received = new Set(receiver.requests.map(({ deliveryId }) => deliveryId));
    expect(received.size).toBe(31);
  });

  it('of the engine leaves an orphaned database that the next one takes over or ends', async () => {
    const before = processesNaming(folder).filter((line) => line.includes('postgres'));
    expect(before).toHaveLength(1);
    await engine.kill9();
    engine = await start();
    expect(processesNaming(folder).filter((line) => line.includes('postgres'))).toHaveLength(1);
    await engine.stop();
    expect(processesNaming(folder)).toEqual([]);
  });

  it('of the deliver function alone has its deliveries made at once by the next worker', async () => {
    const account = await Account.login(engine);
    await account.webhook({ url: receiver.url });
    await account.publish({ type: 'order.paid', data: {} });
    await eventually(() => receiver.requests.length === 1);
    receiver.behave(answer(200));
    const drill = await fetch(`${engine.url}/_local/drills`, { method: 'POST', body: '{"kill":"Deliver"}' });
    expect(drill.status).toBe(200);
    const delivery = await account.onlyEnded(10_000);
    expect(delivery.status).toBe('delivered');
    expect(receiver.requests).toHaveLength(2);
  });
});

describe('a migration that is broken', () => {
  let clone: string;

  beforeEach(() => {
    clone = mkdtempSync(join(tmpdir(), 'tidegate-clone-'));
    for (const name of [
      'bin',
      'lib',
      'lambdas',
      'local',
      'migrations',
      'scripts',
      'package.json',
      'package-lock.json',
    ]) {
      cpSync(join(ROOT, name), join(clone, name), { recursive: true });
    }
    cpSync(join(ROOT, 'cdk.json'), join(clone, 'cdk.json'));
    symlinkSync(join(ROOT, 'node_modules'), join(clone, 'node_modules'));
  });

  afterEach(() => rmSync(clone, { recursive: true, force: true }));

  it('stops the start with file, line and message, and leaves nothing running', () => {
    const file = 'V900__break_the_start.sql';
    writeFileSync(
      join(clone, 'migrations', file),
      'CREATE TABLE hook.fine (id int);\n\nALTER TABLE hook.nowhere ADD x int;\n',
    );
    writeFileSync(join(clone, 'migrations', 'U900__break_the_start.sql'), 'DROP TABLE hook.fine;\n');
    const data = join(clone, 'data');
    const { status, stderr } = spawnSync(process.execPath, ['bin/local.ts', '--port', '0', '--data', data], {
      cwd: clone,
      encoding: 'utf8',
      timeout: 60_000,
    });
    expect(stderr).toContain(file);
    expect(stderr).toMatch(/line 3|:3/);
    expect(stderr).toContain('relation "hook.nowhere" does not exist');
    expect(status).toBe(1);
    expect(processesNaming(clone)).toEqual([]);
  });
});
