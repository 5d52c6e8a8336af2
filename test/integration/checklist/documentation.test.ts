import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { CHECKLIST } from '../../../cli/checklist/registry.ts';
import { contextKeys } from '../../../lambdas/domain/configuration/context.ts';

const page = readFileSync(join(import.meta.dirname, '..', '..', '..', 'docs', 'deploy.md'), 'utf8');

describe('docs/deploy.md', () => {
  it('explains each item of the checklist, in its order, and no other', () => {
    const rows = page.slice(page.indexOf('## Troubleshooting')).matchAll(/^\| `([a-z-]+)` \|/gm);
    expect([...rows].map(([, name]) => name)).toEqual(CHECKLIST.map(({ name }) => name));
  });

  it('names only context keys that exist', () => {
    const known = new Set(contextKeys().map(({ key }) => key));
    const named = [...page.matchAll(/-c ([A-Za-z]+)=/g)].map(([, key = '']) => key);
    expect(named.length).toBeGreaterThan(10);
    expect(named.filter((key) => !known.has(key))).toEqual([]);
  });

  it('adds its costs up', () => {
    const sums: string[] = [];
    for (const table of page.slice(page.indexOf('## Costs'), page.indexOf('## Quotas')).split('\n\n')) {
      const rows = table.split('\n').map((line) =>
        line
          .split('|')
          .slice(2, -1)
          .map((cell) => cell.trim()),
      );
      const last = rows.findIndex((_, index) => table.split('\n')[index]?.startsWith('| **sum** |'));
      if (last < 0) continue;
      for (let column = 1; column < (rows[last]?.length ?? 0); column++) {
        const cents = rows.slice(2, last).map((row) => Math.round(Number(row[column] ?? 0) * 100));
        const sum = cents.reduce((total, each) => total + each, 0) / 100;
        expect(rows[last]?.[column]).toBe(`**${sum.toFixed(2)}**`);
        sums.push(sum.toFixed(2));
      }
    }
    expect(sums).toHaveLength(3);
  });
});
