/** Brings the template database to the newest version. */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';

export interface MigrateTemplateProps {
  readonly ownerUrl: string;
  /** What `hook_svc` is to log in with. */
  readonly servicePassword: string;
}

const FOLDER = join(import.meta.dirname, '..', '..', 'migrations');
const VERSIONED = /^V(\d+)__.+\.sql$/;

/** Applies `V*.sql` in the order of their numbers, then gives `hook_svc` its login. */
export async function migrateTemplate({ ownerUrl, servicePassword }: MigrateTemplateProps): Promise<void> {
  const client = new pg.Client({ connectionString: ownerUrl });
  await client.connect();
  try {
    for (const { name, sql } of await readMigrations()) {
      await client.query(sql).catch((error: unknown) => {
        throw new Error(`${name} failed`, { cause: error });
      });
    }
    const password = pg.escapeLiteral(servicePassword);
    await client.query(`ALTER ROLE hook_svc LOGIN PASSWORD ${password}`);
  } finally {
    await client.end();
  }
}

/** Changes whenever a migration does. */
export async function migrationsFingerprint(): Promise<string> {
  const hash = createHash('sha256');
  for (const { name, sql } of await readMigrations()) hash.update(`${name}\n${sql}\n`);
  return hash.digest('hex');
}

async function readMigrations(): Promise<{ readonly name: string; readonly sql: string }[]> {
  const names = (await readdir(FOLDER)).filter((name) => VERSIONED.test(name));
  names.sort((left, right) => versionOf(left) - versionOf(right));
  return Promise.all(names.map(async (name) => ({ name, sql: await readFile(join(FOLDER, name), 'utf8') })));
}

function versionOf(name: string): number {
  return Number(VERSIONED.exec(name)?.[1]);
}
