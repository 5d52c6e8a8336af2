import { loadModule, parseSync } from 'libpg-query';
import type { SqlStatement } from '../../lambdas/domain/migrations/bundle.ts';
import { MigrationError, statementError } from '../../lambdas/domain/migrations/migration-error.ts';
import { AURORA_LIMITS } from '../../local/data-api/limits.ts';
import { parseNamedParameters } from '../../local/data-api/named-parameters.ts';

/** The part of libpg-query's answer that is read here. Offsets are in bytes of the UTF-8 text. */
interface ParseTree {
  readonly stmts?: readonly { readonly stmt: object; readonly stmt_location?: number; readonly stmt_len?: number }[];
}

const SYNTAX_ERROR = '42601';
const ENDS_TRANSACTION = 'would end the transaction that the file runs in; leave it out';

/**
 * Splits a file as PostgreSQL itself would: by its own parser, compiled to WebAssembly. Splitting at semicolons breaks
 * at the first function body, and the Data API refuses more than one statement a call (AuroraUserGuide
 * data-api.limitations: "Multistatements aren't supported").
 * @throws MigrationError INVALID_MIGRATION with the line, when the file is no SQL or would end its own transaction.
 */
export async function splitStatements(script: string, source: string): Promise<readonly SqlStatement[]> {
  await loadModule();
  const bytes = Buffer.from(source, 'utf8');
  return (parse(script, source).stmts ?? []).map(({ stmt, stmt_location: start = 0, stmt_len: length }) => {
    const raw = bytes.subarray(start, length === undefined ? bytes.length : start + length).toString('utf8');
    const comments = leadingComments(raw);
    const statement = {
      line: newlines(bytes.subarray(0, start).toString('utf8')) + newlines(comments) + 1,
      text: raw.slice(comments.length).trimEnd(),
    };
    const objection = 'TransactionStmt' in stmt ? ENDS_TRANSACTION : dataApiObjection(statement.text);
    if (objection !== undefined) throw refused(script, statement, objection);
    return statement;
  });
}

function parse(script: string, source: string): ParseTree {
  try {
    return parseSync(source);
  } catch (cause) {
    const { message, position } = parserFault(cause);
    const statement = { line: 1, text: source };
    throw statementError('INVALID_MIGRATION', { script, statement, message, position, sqlState: SYNTAX_ERROR, cause });
  }
}

/** libpg-query counts characters from 0, PostgreSQL from 1. */
function parserFault(cause: unknown): { readonly message: string; readonly position: number | undefined } {
  if (!(cause instanceof Error)) throw cause;
  const details = 'sqlDetails' in cause ? (cause.sqlDetails as { readonly cursorPosition?: number }) : undefined;
  const position = details?.cursorPosition === undefined ? undefined : details.cursorPosition + 1;
  return { message: cause.message, position };
}

/** What the Data API would refuse or misread at deploy time is refused when the bundle is built. */
function dataApiObjection(text: string): string | undefined {
  if (text.length > AURORA_LIMITS.sqlCharacters) {
    return `has ${text.length} characters, and the Data API takes ${AURORA_LIMITS.sqlCharacters}`;
  }
  try {
    const [name] = parseNamedParameters(text).names;
    return name === undefined ? undefined : `has :${name}, which the Data API takes for a parameter`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function refused(script: string, { line, text }: SqlStatement, objection: string): MigrationError {
  const start = text.length > 40 ? `${text.slice(0, 40)}…` : text;
  return new MigrationError('INVALID_MIGRATION', `${script} line ${line}: ${start} ${objection}`, { script, line });
}

/** White space and comments before the first token; block comments nest in PostgreSQL. */
function leadingComments(text: string): string {
  let at = 0;
  for (;;) {
    const rest = text.slice(at);
    const skipped = /^\s+/.exec(rest)?.[0] ?? /^--[^\n]*/.exec(rest)?.[0] ?? blockComment(rest);
    if (skipped === '') return text.slice(0, at);
    at += skipped.length;
  }
}

function blockComment(text: string): string {
  if (!text.startsWith('/*')) return '';
  let depth = 0;
  for (const mark of text.matchAll(/\/\*|\*\//g)) {
    depth += mark[0] === '/*' ? 1 : -1;
    if (depth === 0) return text.slice(0, mark.index + 2);
  }
  return '';
}

function newlines(text: string): number {
  return text.split('\n').length - 1;
}
