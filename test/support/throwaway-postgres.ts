/**
 * A throwaway PostgreSQL with the migrations in it, for one test file. The migrated data folder is made once per set of
 * migrations and day (1 to 2 s), and copied for each file, whose server then starts in a fraction of a second. Rejected:
 * one server for all files, whose roles (hook_svc is cluster-wide) and leftovers the files would share.
 */
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { DATABASE, type Postgres, startPostgres } from '../../local/postgres/postgres.ts';
import { migrateTemplate, migrationsFingerprint } from './template-migrations.ts';

export const TEMPLATE = 'tidegate_template';

export interface ThrowawayPostgres {
  readonly postgres: Postgres;
  readonly servicePassword: string;
}

const PREFIX = 'tidegate-template-';
const DAY_MS = 86_400_000;

/** @param isMigrated false for an empty database `tidegate`. */
export async function startThrowawayPostgres(isMigrated: boolean): Promise<ThrowawayPostgres> {
  if (!isMigrated) return { postgres: await startPostgres({ dataFolder: '', memory: true }), servicePassword: '' };
  const template = await ensureTemplate();
  const [postgres, servicePassword] = await Promise.all([
    startPostgres({ dataFolder: '', memory: true, copyOf: template }),
    readFile(join(template, 'service-password'), 'utf8'),
  ]);
  return { postgres, servicePassword };
}

async function ensureTemplate(): Promise<string> {
  // Partitions are made from the day of the migration on, so a template serves for one day.
  const day = new Date().toISOString().slice(0, 10);
  const key = createHash('sha256').update(`${await migrationsFingerprint()} ${day} ${process.getuid?.()}`);
  const folder = join(tmpdir(), `${PREFIX}${day}-${key.digest('hex').slice(0, 16)}`);
  if ((await stat(folder).catch(() => undefined)) !== undefined) return folder;
  await removeOldTemplates();
  const half = `${folder}-${process.pid}-${randomBytes(4).toString('hex')}`;
  await buildTemplate(half);
  // Of two test files that build at once, the first one's is taken.
  await rename(half, folder).catch(() => rm(half, { recursive: true, force: true }));
  return folder;
}

async function buildTemplate(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o755 });
  const servicePassword = randomBytes(18).toString('base64url');
  await writeFile(join(folder, 'service-password'), servicePassword, { mode: 0o600 });
  const postgres = await startPostgres({ dataFolder: folder });
  try {
    await migrateTemplate({ ownerUrl: postgres.url(DATABASE), servicePassword });
    const client = new pg.Client({ connectionString: postgres.url('postgres') });
    await client.connect();
    await client.query(`CREATE DATABASE ${TEMPLATE} TEMPLATE ${DATABASE}`);
    await client.end();
  } finally {
    await postgres.stop();
  }
}

async function removeOldTemplates(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const day = name.startsWith(PREFIX) ? Date.parse(name.slice(PREFIX.length, PREFIX.length + 10)) : Number.NaN;
    if (Date.now() - day > 2 * DAY_MS) await rm(join(tmpdir(), name), { recursive: true, force: true });
  }
}
