import type { Finding } from './item.ts';
import type { CheckedItem } from './run-checklist.ts';

export interface Tally {
  readonly passed: number;
  readonly failed: number;
  readonly notApplicable: number;
}

const WORDS: Readonly<Record<Finding['result'], string>> = { pass: 'pass', fail: 'FAIL', 'not-applicable': 'n/a' };

export function tallyOf(checked: readonly CheckedItem[]): Tally {
  const count = (result: Finding['result']) => checked.filter(({ finding }) => finding.result === result).length;
  return { passed: count('pass'), failed: count('fail'), notApplicable: count('not-applicable') };
}

/** A line an item, and the tally. */
export function reportLines(checked: readonly CheckedItem[]): readonly string[] {
  const width = Math.max(...checked.map(({ item }) => item.length));
  const { passed, failed, notApplicable } = tallyOf(checked);
  return [
    ...checked.map(
      ({ item, finding }) => `${WORDS[finding.result].padEnd(4)}  ${item.padEnd(width)}  ${tell(finding)}`,
    ),
    `${passed} passed, ${failed} failed, ${notApplicable} not applicable`,
  ];
}

/** For machines: `{ target, passed, failed, notApplicable, items: [{ item, title, result, found, fix?, durationMs }] }`. */
export function reportJson(target: string, checked: readonly CheckedItem[]): string {
  const items = checked.map(({ item, title, finding, durationMs }) => ({ item, title, ...finding, durationMs }));
  return JSON.stringify({ target, ...tallyOf(checked), items });
}

/** Messages of services may run over several lines; an item is one. */
function tell(finding: Finding): string {
  const text = finding.result === 'fail' ? `${finding.found}. Fix: ${finding.fix}` : finding.found;
  return text.replace(/\s+/g, ' ');
}
