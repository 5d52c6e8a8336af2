import { PassThrough } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { fail, notApplicable, pass } from '../../../cli/checklist/item.ts';
import { startProgress } from '../../../cli/checklist/progress.ts';
import { reportJson, reportLines } from '../../../cli/checklist/report.ts';
import { runChecklist } from '../../../cli/checklist/run-checklist.ts';
import { stackSite } from './stack-site.ts';

const checked = [
  { item: 'one', title: 'the first', finding: pass('fine'), durationMs: 1 },
  { item: 'second', title: 'the second', finding: fail('on two\n  lines', 'mend it'), durationMs: 2 },
  { item: 'third', title: 'the third', finding: notApplicable('not here'), durationMs: 3 },
];

describe('a report', () => {
  it('has a line an item, with the fix in it, and the tally', () => {
    expect(reportLines(checked)).toEqual([
      'pass  one     fine',
      'FAIL  second  on two lines. Fix: mend it',
      'n/a   third   not here',
      '1 passed, 1 failed, 1 not applicable',
    ]);
  });

  it('is one line of JSON, with a fix where something failed alone', () => {
    expect(JSON.parse(reportJson('Tidegate-prod', checked))).toEqual({
      target: 'Tidegate-prod',
      passed: 1,
      failed: 1,
      notApplicable: 1,
      items: [
        { item: 'one', title: 'the first', result: 'pass', found: 'fine', durationMs: 1 },
        {
          item: 'second',
          title: 'the second',
          result: 'fail',
          found: 'on two\n  lines',
          fix: 'mend it',
          durationMs: 2,
        },
        { item: 'third', title: 'the third', result: 'not-applicable', found: 'not here', durationMs: 3 },
      ],
    });
  });
});

describe('a run', () => {
  it('is parallel, keeps the order, and takes an error for a failure', async () => {
    const site = stackSite();
    let release = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const item = (name: string, check: () => Promise<ReturnType<typeof pass>>) => ({
      name,
      title: name,
      check,
      fixWhenUnanswered: () => `mend ${name}`,
    });
    const done: string[] = [];
    const run = await runChecklist({
      site,
      items: [
        item('waits', () => gate.then(() => pass('released by the next'))),
        item('releases', async () => {
          release();
          return pass('done');
        }),
        item('throws', () => Promise.reject(new TypeError('broken'))),
      ],
      onChecked: ({ item: name }) => done.push(name),
    });
    site.close();
    expect(run.map(({ item: name, finding }) => [name, finding.result])).toEqual([
      ['waits', 'pass'],
      ['releases', 'pass'],
      ['throws', 'fail'],
    ]);
    expect(run[2]?.finding).toEqual({ result: 'fail', found: 'TypeError: broken', fix: 'mend throws' });
    expect([...done].sort()).toEqual(['releases', 'throws', 'waits']);
  });
});

describe('progress', () => {
  const drawn = (isTTY: boolean): string => {
    const stream = new PassThrough();
    const terminal = Object.assign(stream, { isTTY, columns: 80, fd: 2 });
    const progress = startProgress(terminal, 2);
    progress.step('issuer');
    progress.step('schema');
    progress.stop();
    return String(stream.read() ?? '');
  };

  it('is drawn on a terminal, and nowhere else', () => {
    expect(drawn(true)).toContain('2/2');
    expect(drawn(false)).toBe('');
  });
});
