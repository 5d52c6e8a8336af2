import { Command, InvalidArgumentError } from 'commander';
import { parseVersion } from '../lambdas/domain/migrations/version.ts';
import { type MigrateInfoResult, migrateInfo } from '../lambdas/migrate/info.ts';
import { migrateUndo } from '../lambdas/migrate/undo.ts';
import { type FinishedScript, migrateUp } from '../lambdas/migrate/up.ts';
import { CommandFailure } from './command-failure.ts';
import { connectMigrations, type MigrationConnection } from './migration-connection.ts';
import { findTarget, type TargetOptions } from './target.ts';
import { type Terminal, table } from './terminal.ts';

interface MigrateOptions extends TargetOptions {
  readonly json?: boolean;
}

interface UndoOptions extends MigrateOptions {
  readonly to?: string;
}

const EXAMPLES = `
Examples:
  tidegate migrate info                     what is applied on the local engine in .tidegate
  tidegate migrate up --stack Tidegate-prod bring a stack's database to this checkout's newest version
  tidegate migrate undo                     undo the newest version (what it made is dropped, with its rows)
  tidegate migrate undo --to V6 --json      undo everything after V6, and answer in JSON

Undo scripts are kept in the database at migrate time, so an older checkout can undo a newer version.
Exit codes: 0 done, 1 failed or refused, 2 wrong usage or nothing to talk to.`;

/** `tidegate migrate info|up|undo`, on a local engine or a stack. */
export function migrateCommand(terminal: Terminal): Command {
  const command = new Command('migrate')
    .description('the database schema: what is applied, apply, undo')
    .addHelpText('after', EXAMPLES);
  const leaf = (name: string, description: string) =>
    command
      .command(name)
      .description(description)
      .option('--data <folder>', 'data folder of a running local engine', '.tidegate')
      .option('--stack <name>', 'a deployed stack, with the AWS credentials of your shell')
      .option('--json', 'answer in one line of JSON');

  leaf('info', 'list what is applied and what is not; exit code 1 if `up` would refuse').action(
    (options: MigrateOptions) => withConnection(options, terminal, (connection) => info(connection, options, terminal)),
  );
  leaf('up', 'apply what is not applied yet').action((options: MigrateOptions) =>
    withConnection(options, terminal, (connection) => up(connection, options, terminal)),
  );
  leaf('undo', 'undo the newest version, or all after --to; what they made is dropped, with its rows')
    .option('--to <version>', 'version that stays in force; 0 for none', readVersion)
    .action((options: UndoOptions) =>
      withConnection(options, terminal, (connection) => undo(connection, options, terminal)),
    );
  return command;
}

async function withConnection(
  options: MigrateOptions,
  terminal: Terminal,
  work: (connection: MigrationConnection) => Promise<void>,
): Promise<void> {
  const target = await findTarget(options);
  const connection = await connectMigrations(target, ({ code, message }, waitMs) =>
    terminal.err(`waiting ${waitMs} ms: ${code}: ${message}`),
  );
  try {
    await work(connection);
  } finally {
    connection.close();
  }
}

async function info(
  { session, bundle }: MigrationConnection,
  { json }: MigrateOptions,
  terminal: Terminal,
): Promise<void> {
  const result = await migrateInfo(session, bundle);
  if (json) terminal.out(JSON.stringify(result));
  else for (const line of infoLines(result)) terminal.out(line);
  if (result.problems.length > 0)
    throw new CommandFailure('HISTORY_CONFLICT', result.problems.join('; '), json === true);
}

function infoLines({ version, migrations }: MigrateInfoResult): readonly string[] {
  const rows = migrations.map((migration) => [
    migration.version,
    migration.state,
    migration.installedOn?.replace('T', ' ').slice(0, 19) ?? '',
    migration.executionTimeMs === null ? '' : `${migration.executionTimeMs} ms`,
    migration.description,
  ]);
  return [
    ...table([['version', 'state', 'installed on', 'took', 'description'], ...rows]),
    `at version ${version ?? 'none'}`,
  ];
}

async function up(connection: MigrationConnection, { json }: MigrateOptions, terminal: Terminal): Promise<void> {
  const { session, bundle } = connection;
  const servicePassword = await connection.readServicePassword();
  const result = await migrateUp({ session, bundle, servicePassword, onApplied: progress(terminal, json) });
  await connection.writeState(result.version);
  if (json) return terminal.out(JSON.stringify(result));
  for (const warning of result.warnings) terminal.err(`warning: ${warning}`);
  terminal.out(`at version ${result.version ?? 'none'}, ${result.applied.length} applied`);
}

async function undo(connection: MigrationConnection, { json, to }: UndoOptions, terminal: Terminal): Promise<void> {
  const { session, bundle } = connection;
  const result = await migrateUndo({ session, bundle, to, onUndone: progress(terminal, json) });
  await connection.writeState(result.version);
  if (json) return terminal.out(JSON.stringify(result));
  terminal.out(`at version ${result.version ?? 'none'}, ${result.undone.length} undone`);
}

function progress(terminal: Terminal, json: boolean | undefined): ((file: FinishedScript) => void) | undefined {
  if (json) return undefined;
  return ({ script, durationMs }) => terminal.out(`${script}  ${Math.round(durationMs)} ms`);
}

function readVersion(text: string): string {
  const version = parseVersion(text);
  if (version === undefined) throw new InvalidArgumentError('A version is a number, such as V6 or 6.');
  return version;
}
