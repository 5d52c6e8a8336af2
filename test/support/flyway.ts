/** The real Flyway, from Maven Central, kept in `.cache/flyway` outside git. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

export interface FlywayTarget {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: string;
  /** Folder with the migrations. */
  readonly folder: string;
}

export type FlywayCommand = 'migrate' | 'validate' | 'info';

export type Flyway =
  | {
      readonly kind: 'present';
      /** @returns the lines that the commands printed, without empty ones. @throws when Flyway fails. */
      readonly run: (target: FlywayTarget, ...commands: readonly FlywayCommand[]) => Promise<readonly string[]>;
    }
  | { readonly kind: 'left out'; readonly reason: string };

const SOURCE = join(import.meta.dirname, 'flyway');
const CACHE = join(import.meta.dirname, '..', '..', '.cache', 'flyway');
const DOWNLOAD_TIMEOUT_MS = 240_000;
const COMMAND_TIMEOUT_MS = 60_000;

const run = promisify(execFile);

/** Finds Flyway, or fetches it once (some 10 s). Left out where there is no JDK 17 with Maven, or no way to Maven Central. */
export async function findFlyway(): Promise<Flyway> {
  for (const tool of ['javac', 'mvn']) {
    const found = await run(tool, ['--version']).catch(() => undefined);
    if (found === undefined) return { kind: 'left out', reason: `${tool} is not on this machine` };
    const version = Number(/^javac (\d+)/.exec(found.stdout)?.[1] ?? 17);
    if (version < 17) return { kind: 'left out', reason: `Flyway needs Java 17, and this machine has ${version}` };
  }
  const home = join(CACHE, await fingerprint());
  const isThere = await stat(home).catch(() => undefined);
  if (isThere === undefined) {
    const problem = await install(home);
    if (problem !== undefined) return { kind: 'left out', reason: problem };
  }
  return { kind: 'present', run: (target, ...commands) => runCommands(home, target, commands) };
}

async function fingerprint(): Promise<string> {
  const hash = createHash('sha256');
  for (const name of ['pom.xml', 'FlywayCommands.java']) hash.update(await readFile(join(SOURCE, name)));
  return hash.digest('hex').slice(0, 16);
}

/** @returns what went wrong with the download; a program that does not compile is thrown, for that is our own fault. */
async function install(home: string): Promise<string | undefined> {
  const draft = `${home}-${process.pid}`;
  await mkdir(draft, { recursive: true });
  const copy = [
    '-q',
    '-B',
    '-f',
    join(SOURCE, 'pom.xml'),
    'dependency:copy-dependencies',
    `-DoutputDirectory=${draft}`,
  ];
  try {
    await run('mvn', copy, { timeout: DOWNLOAD_TIMEOUT_MS });
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    return `Maven could not fetch it: ${error instanceof Error ? error.message.slice(0, 300) : String(error)}`;
  }
  await run('javac', ['-cp', join(draft, '*'), '-d', draft, join(SOURCE, 'FlywayCommands.java')]);
  // Of two that install at once, the first one's is taken.
  await rename(draft, home).catch(() => rm(draft, { recursive: true, force: true }));
  return undefined;
}

async function runCommands(
  home: string,
  target: FlywayTarget,
  commands: readonly FlywayCommand[],
): Promise<readonly string[]> {
  const url = `jdbc:postgresql://${target.host}:${target.port}/${target.database}`;
  const classPath = [join(home, '*'), home].join(':');
  const args = [
    '-XX:TieredStopAtLevel=1',
    '-cp',
    classPath,
    'FlywayCommands',
    url,
    target.user,
    target.password,
    target.folder,
  ];
  const { stdout } = await run('java', [...args, ...commands], { timeout: COMMAND_TIMEOUT_MS });
  return stdout.split('\n').filter((line) => line !== '');
}
