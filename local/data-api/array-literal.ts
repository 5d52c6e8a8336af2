/** Reads the text form of a PostgreSQL array. Source: PostgreSQL 17 manual, "Array Input and Output Syntax". */

// A quoted element, an unquoted one, or a brace.
const TOKEN = /"((?:[^"\\]|\\.)*)"|([^,{}"]+)|([{}])/gs;

/** @returns the elements, null for NULL; undefined when the array has more than one dimension. */
export function parseArrayLiteral(literal: string): (string | null)[] | undefined {
  const elements: (string | null)[] = [];
  // Bounds other than 1 come first, as in `[0:1]={a,b}`.
  const body = literal.slice(literal.indexOf('{') + 1);
  for (const [, quoted, unquoted, brace] of body.matchAll(TOKEN)) {
    if (brace === '{') return undefined;
    if (quoted !== undefined) elements.push(quoted.replace(/\\(.)/gs, '$1'));
    else if (unquoted !== undefined) elements.push(unquoted === 'NULL' ? null : unquoted);
  }
  return elements;
}
