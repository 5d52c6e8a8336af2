import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { readAssembly } from '../../../local/template/assembly.ts';
import { synthesize } from '../../../local/template/synthesize.ts';

/** Stands in for the CDK app: writes an assembly of one stack into CDK_OUTDIR, and its context into the template. */
const APP = `
import { mkdirSync, writeFileSync } from 'node:fs';
const out = process.env.CDK_OUTDIR;
const context = JSON.parse(process.env.CDK_CONTEXT_JSON);
if (context.fail) { console.error('no such thing'); process.exit(3); }
mkdirSync(out, { recursive: true });
const write = (name, value) => writeFileSync(out + '/' + name, JSON.stringify(value));
write('manifest.json', { artifacts: { Stack: { type: 'aws:cloudformation:stack', properties: { templateFile: 't.json', stackName: 'S-' + context.stage } } } });
write('t.json', { Resources: {}, Outputs: { Context: { Value: JSON.stringify(context) } } });
write('Stack.assets.json', { files: { abc: { source: { path: 'asset.abc' }, destinations: { d: { objectKey: 'abc.zip' } } } } });
`;

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'tidegate-synth-'));
  for (const folder of ['bin', 'lib', 'lambdas/generated']) mkdirSync(join(root, folder), { recursive: true });
  writeFileSync(join(root, 'bin', 'app.ts'), APP);
  writeFileSync(join(root, 'package.json'), '{"type":"module"}');
  writeFileSync(join(root, 'lib', 'stack.ts'), '// one');
});

afterEach(() => rmSync(root, { recursive: true }));

const synth = (context: Record<string, string> = { stage: 'dev' }) => synthesize({ root, context });

describe('the synth', () => {
  it('gives the stack, its context and the places of its code', async () => {
    writeFileSync(join(root, 'cdk.json'), JSON.stringify({ context: { stage: 'other', flag: true } }));
    const { directory } = await synth();
    const { stackName, template, assets } = readAssembly(directory);
    expect(stackName).toBe('S-dev');
    expect(JSON.parse(String(template.Outputs.Context?.Value))).toEqual({ stage: 'dev', flag: true });
    expect(assets).toEqual(new Map([['abc.zip', join(directory, 'asset.abc')]]));
    // A bundle that ends in .js is CommonJS, as in Lambda, although the checkout is not.
    expect(readFileSync(join(directory, 'package.json'), 'utf8').trim()).toBe('{}');
  });

  it('is done once for the same sources and context', async () => {
    const first = await synth({ a: '1', b: '2' });
    expect(first.isFresh).toBe(true);
    expect(await synth({ b: '2', a: '1' })).toEqual({ directory: first.directory, isFresh: false });
  });

  it.each<[string, () => void, Record<string, string>]>([
    ['another context', () => undefined, { stage: 'prod' }],
    ['a changed source', () => writeFileSync(join(root, 'lib', 'stack.ts'), '// two'), { stage: 'dev' }],
    ['a new source', () => writeFileSync(join(root, 'lambdas', 'more.ts'), ''), { stage: 'dev' }],
    [
      'a renamed source',
      () => cpSync(join(root, 'lib'), join(root, 'migrations'), { recursive: true }),
      { stage: 'dev' },
    ],
  ])('is done again for %s', async (_name, change, context) => {
    const { directory } = await synth();
    change();
    expect(await synth(context)).toMatchObject({ isFresh: true, directory: expect.not.stringMatching(directory) });
  });

  it('does not count what it generates itself', async () => {
    await synth();
    writeFileSync(join(root, 'lambdas', 'generated', 'migrations.json'), '{}');
    expect((await synth()).isFresh).toBe(false);
  });

  it("fails with the app's own words, and leaves nothing under the name", async () => {
    await expect(synth({ fail: 'yes' })).rejects.toThrow(/ended with 3:\nno such thing/);
    expect(readdirSync(join(root, '.cache', 'synth'))).toEqual([]);
  });

  it('survives two starts at once', async () => {
    const [left, right] = await Promise.all([synth(), synth()]);
    expect(left.directory).toBe(right.directory);
    expect(existsSync(join(left.directory, 'manifest.json'))).toBe(true);
  });
});
