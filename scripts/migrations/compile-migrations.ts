import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Migration, MigrationBundle, SqlScript } from '../../lambdas/domain/migrations/bundle.ts';
import { type MigrationFileName, parseFileName } from '../../lambdas/domain/migrations/file-name.ts';
import { flywayChecksum } from '../../lambdas/domain/migrations/flyway-checksum.ts';
import { MigrationError } from '../../lambdas/domain/migrations/migration-error.ts';
import { compareVersions, versionKey } from '../../lambdas/domain/migrations/version.ts';

export interface MigrationSource {
  readonly script: string;
  readonly text: string;
}

interface NamedSource extends MigrationSource {
  readonly name: MigrationFileName;
}

/** Part of the hash: raise it when the bundle's form changes, so that bundles of the old form are built again. */
const FORM = 'tidegate-migrations-1';

/** @returns the `.sql` files of a folder by name; everything else there is left alone. */
export async function readSources(folder: string): Promise<readonly MigrationSource[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort();
  return Promise.all(names.map(async (script) => ({ script, text: await readFile(join(folder, script), 'utf8') })));
}

export function hashSources(sources: readonly MigrationSource[]): string {
  return createHash('sha256')
    .update(JSON.stringify([FORM, sources]))
    .digest('hex');
}

/**
 * Splits, checks and orders the files.
 * @throws MigrationError INVALID_MIGRATION: a name that Flyway would not read, a version twice, an undo script of no
 * version, or SQL that PostgreSQL's parser refuses (with its line).
 */
export async function compileMigrations(sources: readonly MigrationSource[]): Promise<MigrationBundle> {
  const named = sources.map(name);
  const versioned = byVersion(named.filter((source) => source.name.kind === 'versioned'));
  const undo = byVersion(named.filter((source) => source.name.kind === 'undo'));
  for (const [key, { script }] of undo) {
    if (!versioned.has(key))
      throw new MigrationError('INVALID_MIGRATION', `${script} undoes a version that has no file`, { script });
  }
  const migrations = await Promise.all([...versioned].map(([key, source]) => compile(source, undo.get(key))));
  return {
    sourceHash: hashSources(sources),
    migrations: migrations.toSorted((left, right) => compareVersions(left.version, right.version)),
  };
}

function name(source: MigrationSource): NamedSource {
  const parsed = parseFileName(source.script);
  if (parsed !== undefined) return { ...source, name: parsed };
  const message = `${source.script}: migrations are named V<version>__<what_it_does>.sql, undo scripts U<version>__….sql`;
  throw new MigrationError('INVALID_MIGRATION', message, { script: source.script });
}

function byVersion(sources: readonly NamedSource[]): ReadonlyMap<string, NamedSource> {
  const map = new Map<string, NamedSource>();
  for (const source of sources) {
    const { script } = source;
    const key = versionKey(source.name.version);
    const twin = map.get(key);
    if (twin !== undefined) {
      throw new MigrationError('INVALID_MIGRATION', `${twin.script} and ${script} have the same version`, { script });
    }
    map.set(key, source);
  }
  return map;
}

async function compile(source: NamedSource, undo: NamedSource | undefined): Promise<Migration> {
  const { version, description } = source.name;
  return {
    version,
    description,
    ...(await compileScript(source)),
    undo: undo === undefined ? null : { ...(await compileScript(undo)), source: undo.text },
  };
}

async function compileScript({ script, text }: MigrationSource): Promise<SqlScript> {
  // Loaded here, not above: an up-to-date bundle needs no parser, and its WebAssembly takes 60 ms.
  const { splitStatements } = await import('./split-statements.ts');
  const statements = await splitStatements(script, text.replace(/^\uFEFF/, ''));
  return { script, checksum: flywayChecksum(text), statements };
}
