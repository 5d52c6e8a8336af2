import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { BundleTooLargeError, bundleFunctions } from '../../lib/function-bundles.ts';

let sourceRoot: string;

beforeEach(async () => {
  sourceRoot = await mkdtemp(join(tmpdir(), 'tidegate-handlers-'));
  await symlink(resolve('node_modules'), join(sourceRoot, 'node_modules'));
});

afterEach(() => rm(sourceRoot, { recursive: true, force: true }));

async function writeHandler(folder: string, source: string): Promise<void> {
  await mkdir(join(sourceRoot, folder), { recursive: true });
  await writeFile(join(sourceRoot, folder, 'handler.ts'), source);
}

describe('bundleFunctions', () => {
  it('makes an ES module that runs without node_modules, SDK included', async () => {
    await writeHandler(
      'deliver',
      `import { SQSClient } from '@aws-sdk/client-sqs';
       import { Agent } from 'undici';
       import { z } from 'zod';
       class DeliverFault extends Error {}
       export const handler = async (event: unknown) => ({
         given: z.object({ id: z.string() }).parse(event).id,
         sdk: new SQSClient({ region: 'eu-central-1' }) instanceof SQSClient && new Agent() instanceof Agent,
         name: DeliverFault.name,
       });`,
    );
    const bundles = await bundleFunctions({ sourceRoot, folders: ['deliver'] });
    const { handler } = await import(pathToFileURL(join(bundles.directory, 'deliver', 'index.mjs')).href);
    // Names survive minification: logs are read by them.
    expect(await handler({ id: 'a' })).toEqual({ given: 'a', sdk: true, name: 'DeliverFault' });
    await bundles.dispose();
  });

  it('gives each function its own code, the same for the same source', async () => {
    await writeHandler('publish', `export const handler = async () => 'publish';`);
    await writeHandler('deliver', `export const handler = async () => 'deliver';`);
    const read = async () => {
      const bundles = await bundleFunctions({ sourceRoot, folders: ['publish', 'deliver'] });
      const texts = ['publish', 'deliver'].map((folder) =>
        readFile(join(bundles.directory, folder, 'index.mjs'), 'utf8'),
      );
      try {
        return await Promise.all(texts);
      } finally {
        await bundles.dispose();
      }
    };
    const first = await read();
    expect(first[0]).not.toBe(first[1]);
    expect(await read()).toEqual(first);
  });

  it('leaves nothing behind', async () => {
    await writeHandler('publish', 'export const handler = () => 1;');
    const bundles = await bundleFunctions({ sourceRoot, folders: ['publish'] });
    expect(await readdir(join(bundles.directory, 'publish'))).toEqual(['index.mjs']);
    await bundles.dispose();
    await expect(readdir(bundles.directory)).rejects.toThrow(/ENOENT/);
  });

  it('refuses a bundle over 1 MB, naming it and what fills it', async () => {
    await writeFile(join(sourceRoot, 'large.json'), JSON.stringify({ filler: 'x'.repeat(1_100_000) }));
    await writeHandler(
      'publish',
      `import large from '../large.json'; export const handler = () => large.filler.length;`,
    );
    const bundling = bundleFunctions({ sourceRoot, folders: ['publish'] });
    await expect(bundling).rejects.toThrow(BundleTooLargeError);
    await expect(bundling).rejects.toThrow(/publish\/index\.mjs: 11\d{5} bytes, .*large\.json/);
  });

  it('fails on code that does not build', async () => {
    await writeHandler('publish', `import { missing } from 'undici'; export const handler = missing;`);
    await expect(bundleFunctions({ sourceRoot, folders: ['publish'] })).rejects.toThrow(/No matching export/);
  });
});
