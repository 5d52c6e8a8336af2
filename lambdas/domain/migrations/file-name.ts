import { parseVersion } from './version.ts';

export interface MigrationFileName {
  readonly kind: 'versioned' | 'undo';
  readonly version: string;
  readonly description: string;
}

const FILE_NAME = /^([VU])(\d+(?:[._]\d+)*)__(.+)\.sql$/;

/** Reads `V6__grant_hook_svc.sql` by Flyway's default naming; undefined when the name does not follow it. */
export function parseFileName(name: string): MigrationFileName | undefined {
  const [, prefix, digits, words] = FILE_NAME.exec(name) ?? [];
  const version = parseVersion(digits ?? '');
  if (version === undefined || words === undefined) return undefined;
  return {
    kind: prefix === 'U' ? 'undo' : 'versioned',
    version,
    description: words.replaceAll('_', ' '),
  };
}

/** @returns `U6__grant_hook_svc.sql`. */
export function undoFileName(version: string, description: string): string {
  return `U${version}__${description.replaceAll(' ', '_')}.sql`;
}
