import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER = join(import.meta.dirname, '..', 'migrations');
const VERSIONED = /^V(\d+(?:[._]\d+)*)__.+\.sql$/;
const byNumber = new Intl.Collator('en', { numeric: true });

/** Of all migrations and their undo scripts: changes when one of them does. */
export function migrationsSha256(): string {
  const hash = createHash('sha256');
  for (const name of readdirSync(FOLDER).sort()) {
    if (name.endsWith('.sql'))
      hash
        .update(`${name}\0`)
        .update(readFileSync(join(FOLDER, name)))
        .update('\0');
  }
  return hash.digest('hex');
}

/**
 * @returns the version of the last migration, such as `11`; `11.1` for V11_1.
 * @throws Error when there is none.
 */
export function schemaHead(): string {
  const versions = readdirSync(FOLDER).flatMap((name) => VERSIONED.exec(name)?.[1]?.replaceAll('_', '.') ?? []);
  const head = versions.sort(byNumber.compare).at(-1);
  if (head === undefined) throw new Error(`no migration in ${FOLDER}`);
  return head;
}
