/** A fingerprint of everything that the synthesized stack depends on. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Folders and files of the checkout that a synth reads. Bundles hold `lambdas/` and, through package-lock, libraries. */
const SOURCES = [
  'bin/app.ts',
  'lib',
  'lambdas',
  'migrations',
  'scripts',
  'package-lock.json',
  'package.json',
  'cdk.json',
];

// Written by the synth itself, from sources that are counted already.
const IS_GENERATED = /[\\/]generated[\\/]/;

/**
 * @param root the checkout.
 * @param context CDK context; its order does not count.
 * @returns hex text, the same for the same sources and context.
 */
export function fingerprint(root: string, context: Readonly<Record<string, unknown>>): string {
  const hash = createHash('sha256');
  for (const file of filesOf(root)) {
    const bytes = readFileSync(join(root, file));
    hash.update(`${file}\0${bytes.length}\0`).update(bytes);
  }
  hash.update(JSON.stringify(Object.entries(context).sort(([left], [right]) => (left < right ? -1 : 1))));
  // Node's version decides what esbuild and the CDK see; a synth of another one is not taken over.
  return hash.update(process.version).digest('hex').slice(0, 32);
}

function filesOf(root: string): string[] {
  const entries = readdirSync(root, { withFileTypes: true });
  const present = new Map(entries.map((entry) => [entry.name, entry.isDirectory()]));
  return SOURCES.flatMap((source) => {
    const isDirectory = present.get(source.split('/', 1)[0] ?? source);
    if (isDirectory === undefined) return [];
    return isDirectory && !source.includes('/') ? filesBelow(root, source) : [source];
  }).sort();
}

function filesBelow(root: string, folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .filter((file) => !IS_GENERATED.test(file));
}
