import { errorCode, errorName } from '../sdk/sdk-error.ts';

/**
 * One JSON line per notable thing, with ids and without payloads, secrets or personal data. Thirty lines of our own:
 * the AWS Powertools are MIT-0 licensed, which is not among the licences that this project takes.
 */
export interface Log {
  info(what: string, fields?: LogFields): void;
  warn(what: string, fields?: LogFields): void;
  error(what: string, fields?: LogFields): void;
}

export interface LogFields {
  readonly [name: string]: unknown;
  /** Only its name, code and place are written: messages of a database or a receiver may quote what they refused. */
  readonly error?: unknown;
}

export interface LogProps {
  /** The function, as in the architecture page. */
  readonly source: string;
  readonly now?: () => number;
  readonly write?: (line: string) => void;
}

export function createLog({ source, now = Date.now, write = writeLine }: LogProps): Log {
  const line = (level: string, what: string, { error, ...fields }: LogFields = {}) => {
    const time = new Date(now()).toISOString();
    write(JSON.stringify({ time, level, source, what, ...fields, ...(error === undefined ? {} : describe(error)) }));
  };
  return {
    info: (what, fields) => line('info', what, fields),
    warn: (what, fields) => line('warn', what, fields),
    error: (what, fields) => line('error', what, fields),
  };
}

function describe(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { error: 'Unknown' };
  const sqlState = 'sqlState' in error ? error.sqlState : undefined;
  // The first line of a stack repeats the message.
  const at = error.stack?.split('\n').find((frame) => frame.trimStart().startsWith('at '));
  return { error: errorName(error), code: errorCode(error), sqlState, at: at?.trim(), cause: causeName(error.cause) };
}

function causeName(cause: unknown): string | undefined {
  return cause instanceof Error ? `${errorName(cause)} ${errorCode(cause) ?? ''}`.trimEnd() : undefined;
}

function writeLine(line: string): void {
  process.stdout.write(`${line}\n`);
}
