import { type Command, CommanderError, Command as Program } from 'commander';
import { checklistCommand } from './checklist.ts';
import { CommandFailure } from './command-failure.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import { migrateCommand } from './migrate.ts';
import { TargetError } from './target.ts';
import type { Terminal } from './terminal.ts';

/**
 * The `tidegate` command.
 * @param args without the interpreter and the script.
 * @returns the exit code; errors are written to the terminal, in JSON where `--json` was given.
 */
export async function runCommand(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const program = new Program('tidegate')
    .description('Operates a Tidegate: a local engine (--data, default .tidegate) or a stack (--stack NAME).')
    .addCommand(checklistCommand(terminal))
    .addCommand(migrateCommand(terminal))
    .showHelpAfterError('(see --help)');
  prepare(program, terminal);
  try {
    await program.parseAsync(args, { from: 'user' });
    return EXIT.success;
  } catch (error) {
    return tell(error, args.includes('--json'), terminal);
  }
}

/** Errors and help go to our terminal, and no command ends the process by itself. */
function prepare(command: Command, terminal: Terminal): void {
  command.exitOverride().configureOutput({
    writeOut: (text) => terminal.out(text.trimEnd()),
    writeErr: (text) => terminal.err(text.trimEnd()),
  });
  for (const child of command.commands) prepare(child, terminal);
}

function tell(error: unknown, isJson: boolean, terminal: Terminal): ExitCode {
  // Commander has written its own message; help that was asked for is no error.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.success : EXIT.usage;
  const message = error instanceof Error ? error.message : String(error);
  const isTold = error instanceof CommandFailure && error.isTold;
  if (!isJson) terminal.err(`error: ${message}`);
  else if (!isTold) terminal.out(JSON.stringify({ error: codeOf(error), message }));
  return error instanceof TargetError ? EXIT.usage : EXIT.failure;
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'UNKNOWN';
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}
