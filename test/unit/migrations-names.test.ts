import { crc32 } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseFileName, undoFileName } from '../../lambdas/domain/migrations/file-name.ts';
import { flywayChecksum } from '../../lambdas/domain/migrations/flyway-checksum.ts';
import { compareVersions, parseVersion, versionKey } from '../../lambdas/domain/migrations/version.ts';

describe('a version', () => {
  it.each([
    ['6', '6'],
    ['V6', '6'],
    ['6_1', '6.1'],
    ['2024.01.31', '2024.01.31'],
    ['', undefined],
    ['V', undefined],
    ['6.', undefined],
    ['six', undefined],
    ['-1', undefined],
  ])('is read from %j as %j', (text, version) => {
    expect(parseVersion(text)).toBe(version);
  });

  it.each([
    ['2', '10', -1],
    ['6.1', '6', 1],
    ['6.0', '6', 0],
    ['06', '6', 0],
    ['1.10', '1.9', 1],
    ['20240131235959999999', '20240131235959999998', 1],
  ])('%s against %s orders as %i, by number', (left, right, order) => {
    expect(compareVersions(left, right)).toBe(order);
    expect(compareVersions(right, left)).toBe(order === 0 ? 0 : -order);
    expect(versionKey(left) === versionKey(right)).toBe(order === 0);
  });
});

describe('a file name', () => {
  it('gives kind, version and description', () => {
    expect(parseFileName('V6__grant_hook_svc.sql')).toEqual({
      kind: 'versioned',
      version: '6',
      description: 'grant hook svc',
    });
    expect(parseFileName('U6_1__take_back.sql')).toEqual({ kind: 'undo', version: '6.1', description: 'take back' });
  });

  it.each(['V6_grant.sql', 'R__view.sql', 'V__x.sql', 'v6__x.sql', 'V6__x.SQL', 'V6__.sql'])('%s is none', (name) => {
    expect(parseFileName(name)).toBeUndefined();
  });

  it('of an undo script is found again from what the database keeps', () => {
    expect(undoFileName('6', 'grant hook svc')).toBe('U6__grant_hook_svc.sql');
  });
});

describe("Flyway's checksum", () => {
  // What Flyway 11.8.2 itself put into its history for these texts.
  it.each([
    [
      -303817411,
      "ALTER TABLE hook.deliveries ADD CONSTRAINT deliveries_status CHECK (status IN (\n  'PENDING', 'IN_PROGRESS', 'FAILED_RETRY', 'HELD', 'DELIVERED', 'FAILED', 'DEAD_LETTER', 'CANCELLED'));\n",
    ],
    [
      -378396686,
      '-- IF NOT EXISTS: the runner and Flyway both create the schema first, for their history table lives in it.\nCREATE SCHEMA IF NOT EXISTS hook;\n',
    ],
  ])('is %i for its own example', (checksum, text) => {
    expect(flywayChecksum(text)).toBe(checksum);
    expect(flywayChecksum(text.replaceAll('\n', '\r\n'))).toBe(checksum);
    expect(flywayChecksum(text.replaceAll('\n', '\r'))).toBe(checksum);
    expect(flywayChecksum(`\uFEFF${text}`)).toBe(checksum);
    expect(flywayChecksum(`${text} `)).not.toBe(checksum);
  });

  it('is the signed CRC-32 of the UTF-8 bytes of any one line', () => {
    const line = fc.string({ unit: 'grapheme', maxLength: 200 }).filter((text) => !/[\r\n\uFEFF]/.test(text));
    fc.assert(fc.property(line, (text) => flywayChecksum(text) === (crc32(Buffer.from(text, 'utf8')) | 0)));
  });
});
