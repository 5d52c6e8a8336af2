const VERSION = /^\d+(?:[._]\d+)*$/;

/** @returns the version with dots between its parts, or undefined when `text` is none. A leading `V` is taken too. */
export function parseVersion(text: string): string | undefined {
  const digits = text.replace(/^[Vv]/, '');
  return VERSION.test(digits) ? digits.replaceAll('_', '.') : undefined;
}

/**
 * One text for all spellings of a version: to Flyway 6, 6.0 and 06 are the same.
 * @param version as `parseVersion` gives it.
 */
export function versionKey(version: string): string {
  const parts = version.split('.').map((part) => BigInt(part));
  while (parts.length > 1 && parts.at(-1) === 0n) parts.pop();
  return parts.join('.');
}

/** Orders by number, part by part: 2 before 10, 6 before 6.1. */
export function compareVersions(left: string, right: string): number {
  const leftParts = left.split('.').map((part) => BigInt(part));
  const rightParts = right.split('.').map((part) => BigInt(part));
  for (let i = 0; i < Math.max(leftParts.length, rightParts.length); i++) {
    const difference = (leftParts[i] ?? 0n) - (rightParts[i] ?? 0n);
    if (difference !== 0n) return difference < 0n ? -1 : 1;
  }
  return 0;
}
