/** Rewrites the Data API's `:name` parameters to PostgreSQL's `$n`. */
import { ServiceError } from '../services/service.ts';

export interface ParsedSql {
  /** With `$1`, `$2`, … in place of the names. */
  readonly text: string;
  /** Name of `$1`, of `$2`, …; each once, however often it stands in the text. */
  readonly names: readonly string[];
  /** Whether something follows a semicolon: several statements, unless PostgreSQL knows better (a BEGIN ATOMIC body). */
  readonly hasSeveral: boolean;
}

interface Placeholder {
  readonly start: number;
  readonly end: number;
}

const CACHE_ENTRIES = 1000;
const cache = new Map<string, ParsedSql>();

// One alternative per lexical form that hides a colon. A form that is never closed runs to the end.
const STRING = /[eE]'(?:[^'\\]|\\[\s\S]|'')*(?:'|$)|'(?:[^']|'')*(?:'|$)/.source;
const IDENTIFIER = /"(?:[^"]|"")*(?:"|$)/.source;
const COMMENT = /--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)/.source;
const DOLLAR = /\$(?<tag>(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?)\$[\s\S]*?(?:\$\k<tag>\$|$)/.source;
const WORD = /[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*/.source;
const PLACEHOLDER = /::|:=|:(?<name>[A-Za-z_0-9]\w*)/.source;

const POSTGRES_LEXER = new RegExp([STRING, IDENTIFIER, COMMENT, DOLLAR, WORD, PLACEHOLDER, ';'].join('|'), 'g');
// Aurora's own scanner does not know dollar quotes.
const AURORA_LEXER = new RegExp([STRING, IDENTIFIER, COMMENT, WORD, PLACEHOLDER].join('|'), 'g');
const BLANKS = new RegExp(`(?:\\s|;|${COMMENT})*`, 'y');

/**
 * @throws ServiceError ValidationException where Aurora would silently rewrite text that is no parameter: measured on
 *   Aurora PostgreSQL 17, `SELECT $$a :b c$$` answers `a $1 c`, and the slice `a[1:2]` is read as parameter `2`.
 */
export function parseNamedParameters(sql: string): ParsedSql {
  const known = cache.get(sql);
  if (known !== undefined) return known;
  const parsed = parse(sql);
  if (cache.size >= CACHE_ENTRIES) cache.clear();
  cache.set(sql, parsed);
  return parsed;
}

function parse(sql: string): ParsedSql {
  const placeholders = placeholdersOf(sql, POSTGRES_LEXER);
  refuseWhatAuroraMisreads(sql, placeholders);
  const names: string[] = [];
  let text = '';
  let from = 0;
  for (const { start, end } of placeholders) {
    const name = sql.slice(start + 1, end);
    if (!names.includes(name)) names.push(name);
    text += `${sql.slice(from, start)}$${names.indexOf(name) + 1}`;
    from = end;
  }
  return { text: text + sql.slice(from), names, hasSeveral: hasSeveralStatements(sql) };
}

function placeholdersOf(sql: string, lexer: RegExp): Placeholder[] {
  const found: Placeholder[] = [];
  for (const match of sql.matchAll(lexer)) {
    if (match.groups?.name !== undefined) found.push({ start: match.index, end: match.index + match[0].length });
  }
  return found;
}

function refuseWhatAuroraMisreads(sql: string, placeholders: readonly Placeholder[]): void {
  const starts = new Set(placeholders.map(({ start }) => start));
  const misread = sql.includes('$')
    ? placeholdersOf(sql, AURORA_LEXER).find(({ start }) => !starts.has(start))
    : undefined;
  const slice = placeholders.find(({ start }) => /\d/.test(sql.charAt(start + 1)));
  const wrong = misread ?? slice;
  if (wrong === undefined) return;
  throw new ServiceError(
    'ValidationException',
    `Aurora would take ${JSON.stringify(sql.slice(wrong.start, wrong.end))} at offset ${wrong.start} for a parameter: ` +
      'it knows neither dollar quotes nor array slices. Put a space after the colon, or write it another way.',
  );
}

function hasSeveralStatements(sql: string): boolean {
  for (const match of sql.matchAll(POSTGRES_LEXER)) {
    if (match[0] !== ';') continue;
    BLANKS.lastIndex = match.index;
    BLANKS.test(sql);
    if (BLANKS.lastIndex < sql.length) return true;
  }
  return false;
}
