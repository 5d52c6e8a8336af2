/** Every escape of a JSON text: `\uXXXX` with its digits, or any other two-character one. */
const JSON_ESCAPE = /\\(?:u([0-9a-fA-F]{4})|[^u])/g;

/** Whether the text itself holds U+0000 or a lone surrogate: PostgreSQL stores neither in text or jsonb. */
export function hasForbiddenCharacters(text: string): boolean {
  return text.includes('\0') || !text.isWellFormed();
}

/**
 * Whether a valid JSON text holds U+0000 or a lone surrogate anywhere (keys too), raw or escaped.
 * A surrogate pair must be escaped on both sides or on neither: half a pair is already a lone one in the raw text.
 * Cost: two native scans; the escapes are looked at only when the text has `\u0` or `\ud` at all.
 */
export function hasForbiddenJsonCharacters(json: string): boolean {
  if (hasForbiddenCharacters(json)) return true;
  if (!/\\u(?:0000|[dD][89a-fA-F])/.test(json)) return false;
  let expectedLowAt = -1;
  for (const match of json.matchAll(JSON_ESCAPE)) {
    const code = match[1] === undefined ? -1 : Number.parseInt(match[1], 16);
    const isLow = code >= 0xdc00 && code <= 0xdfff;
    if (code === 0 || isLow !== (match.index === expectedLowAt)) return true;
    expectedLowAt = code >= 0xd800 && code <= 0xdbff ? match.index + 6 : -1;
    if (expectedLowAt >= 0 && json.charCodeAt(expectedLowAt) !== 0x5c) return true;
  }
  return false;
}
