import { describe, expect, it } from '@jest/globals';
import { compilePattern } from '../../../local/bus/event-pattern.ts';

const matches = (pattern: unknown, detail: unknown): boolean => compilePattern({ detail: pattern })({ detail });

describe('event patterns', () => {
  it.each<[string, unknown, unknown, boolean]>([
    ['exact string', { state: ['running'] }, { state: 'running' }, true],
    ['case counts', { state: ['running'] }, { state: 'Running' }, false],
    ['one of several', { state: ['a', 'b'] }, { state: 'b' }, true],
    ['all fields', { a: ['1'], b: ['2'] }, { a: '1', b: '3' }, false],
    ['fields not named are free', { a: ['1'] }, { a: '1', z: 9 }, true],
    ['number', { n: [300] }, { n: 300 }, true],
    ['a number is no string', { n: [300] }, { n: '300' }, false],
    ['boolean', { on: [true] }, { on: true }, true],
    ['a boolean is no string', { on: [true] }, { on: 'true' }, false],
    ['null', { v: [null] }, { v: null }, true],
    ['null is not absent', { v: [null] }, {}, false],
    ['null is not empty', { v: [null] }, { v: '' }, false],
    ['empty string', { v: [''] }, { v: '' }, true],
    ['nested', { a: { b: ['x'] } }, { a: { b: 'x' } }, true],
    ['no object where one is asked', { a: { b: ['x'] } }, { a: 'x' }, false],
    ['an object is no leaf', { a: ['x'] }, { a: { x: 'x' } }, false],

    ['any element of an array', { tags: ['b', 'c'] }, { tags: ['a', 'b'] }, true],
    ['no element of an array', { tags: ['c'] }, { tags: ['a', 'b'] }, false],
    ['an array in an array', { tags: ['b'] }, { tags: [['a'], ['b']] }, true],
    ['fields of the same element', { i: { k: ['x'], v: ['1'] } }, { i: [{ k: 'x', v: '1' }] }, true],
    [
      'fields of two elements',
      { i: { k: ['x'], v: ['1'] } },
      {
        i: [
          { k: 'x', v: '2' },
          { k: 'y', v: '1' },
        ],
      },
      false,
    ],
    [
      'fields of two elements, deeper',
      { i: { k: ['x'], d: { v: ['1'] } } },
      {
        i: [
          { k: 'x', d: { v: '2' } },
          { k: 'y', d: { v: '1' } },
        ],
      },
      false,
    ],
    ['fields of two arrays', { i: { k: ['x'] }, j: { v: ['1'] } }, { i: [{}, { k: 'x' }], j: [{ v: '1' }] }, true],

    ['prefix', { s: [{ prefix: 'ab' }] }, { s: 'abc' }, true],
    ['prefix, other', { s: [{ prefix: 'ab' }] }, { s: 'cab' }, false],
    ['prefix of anything', { s: [{ prefix: '' }] }, { s: 'x' }, true],
    ['prefix of a number', { s: [{ prefix: '1' }] }, { s: 12 }, false],
    ['prefix, ignoring case', { s: [{ prefix: { 'equals-ignore-case': 'AB' } }] }, { s: 'aBc' }, true],
    ['suffix', { s: [{ suffix: '.png' }] }, { s: 'a.png' }, true],
    ['suffix, other', { s: [{ suffix: '.png' }] }, { s: 'a.png.txt' }, false],
    ['suffix, ignoring case', { s: [{ suffix: { 'equals-ignore-case': '.PNG' } }] }, { s: 'a.pNg' }, true],
    ['equals-ignore-case', { s: [{ 'equals-ignore-case': 'Alice' }] }, { s: 'aLICE' }, true],
    ['equals-ignore-case, other', { s: [{ 'equals-ignore-case': 'Alice' }] }, { s: 'alicex' }, false],
    ['wildcard', { s: [{ wildcard: 'dir/*/lib/*.png' }] }, { s: 'dir/a/b/lib/x.png' }, true],
    ['wildcard for nothing', { s: [{ wildcard: 'a*' }] }, { s: 'a' }, true],
    ['wildcard over lines', { s: [{ wildcard: 'a*b' }] }, { s: 'a\nb' }, true],
    ['wildcard, whole value', { s: [{ wildcard: 'a*b' }] }, { s: 'a.b.c' }, false],
    ['wildcard, dot is a dot', { s: [{ wildcard: 'a.*' }] }, { s: 'abc' }, false],
    ['wildcard, escaped star', { s: [{ wildcard: String.raw`a\*b` }] }, { s: 'a*b' }, true],
    ['wildcard, escaped star is no wildcard', { s: [{ wildcard: String.raw`a\*b` }] }, { s: 'axb' }, false],
    ['wildcard, escaped backslash', { s: [{ wildcard: String.raw`a\\*` }] }, { s: String.raw`a\b` }, true],

    ['numeric =', { n: [{ numeric: ['=', 5] }] }, { n: 5 }, true],
    ['numeric >', { n: [{ numeric: ['>', 5] }] }, { n: 5 }, false],
    ['numeric range', { n: [{ numeric: ['>', 0, '<=', 5] }] }, { n: 5 }, true],
    ['numeric range, above', { n: [{ numeric: ['>', 0, '<=', 5] }] }, { n: 5.000001 }, false],
    ['numeric of a string', { n: [{ numeric: ['=', 5] }] }, { n: '5' }, false],
    ['cidr', { ip: [{ cidr: '10.0.0.0/24' }] }, { ip: '10.0.0.255' }, true],
    ['cidr, outside', { ip: [{ cidr: '10.0.0.0/24' }] }, { ip: '10.0.1.0' }, false],
    ['cidr of IPv6', { ip: [{ cidr: '2001:db8::/32' }] }, { ip: '2001:db8::1' }, true],
    ['cidr, other family', { ip: [{ cidr: '10.0.0.0/8' }] }, { ip: '::1' }, false],
    ['cidr of no address', { ip: [{ cidr: '10.0.0.0/8' }] }, { ip: 'ten' }, false],

    ['exists', { a: [{ exists: true }] }, { a: null }, true],
    ['exists, absent', { a: [{ exists: true }] }, {}, false],
    ['exists of an object', { a: [{ exists: true }] }, { a: { b: 1 } }, false],
    ['exists of an empty array', { a: [{ exists: true }] }, { a: [] }, false],
    ['not exists', { a: [{ exists: false }] }, {}, true],
    ['not exists, present', { a: [{ exists: false }] }, { a: '' }, false],
    ['not exists below what is missing', { a: { b: [{ exists: false }] } }, {}, true],
    ['not exists, in no element', { i: { k: ['x'], v: [{ exists: false }] } }, { i: [{ k: 'x' }, { k: 'y' }] }, true],
    [
      'not exists, in another element',
      { i: { k: ['x'], v: [{ exists: false }] } },
      { i: [{ k: 'x' }, { v: 1 }] },
      false,
    ],
    ['not exists or a value', { a: [{ exists: false }, 'x'] }, { a: 'x' }, true],

    ['anything-but', { s: [{ 'anything-but': 'a' }] }, { s: 'b' }, true],
    ['anything-but, that', { s: [{ 'anything-but': 'a' }] }, { s: 'a' }, false],
    ['anything-but, absent', { s: [{ 'anything-but': 'a' }] }, {}, false],
    ['anything-but a list', { s: [{ 'anything-but': ['a', 'b'] }] }, { s: 'b' }, false],
    ['anything-but a number', { n: [{ 'anything-but': 123 }] }, { n: 124 }, true],
    ['anything-but numbers', { n: [{ 'anything-but': [1, 2] }] }, { n: 2 }, false],
    ['anything-but, in one of an array', { s: [{ 'anything-but': 'a' }] }, { s: ['a', 'b'] }, true],
    ['anything-but prefix', { s: [{ 'anything-but': { prefix: 'us-' } }] }, { s: 'eu-1' }, true],
    ['anything-but prefix, that', { s: [{ 'anything-but': { prefix: 'us-' } }] }, { s: 'us-1' }, false],
    ['anything-but prefixes', { s: [{ 'anything-but': { prefix: ['us-', 'eu-'] } }] }, { s: 'eu-1' }, false],
    ['anything-but suffix', { s: [{ 'anything-but': { suffix: '.png' } }] }, { s: 'a.png' }, false],
    ['anything-but ignoring case', { s: [{ 'anything-but': { 'equals-ignore-case': ['A'] } }] }, { s: 'a' }, false],
    ['anything-but wildcard', { s: [{ 'anything-but': { wildcard: '*/lib/*' } }] }, { s: 'a/lib/b' }, false],
    ['anything-but wildcard, other', { s: [{ 'anything-but': { wildcard: '*/lib/*' } }] }, { s: 'a/b' }, true],

    ['$or, first', { $or: [{ a: ['1'] }, { b: ['2'] }] }, { a: '1' }, true],
    ['$or, second', { $or: [{ a: ['1'] }, { b: ['2'] }] }, { b: '2' }, true],
    ['$or, none', { $or: [{ a: ['1'] }, { b: ['2'] }] }, { a: '2', b: '1' }, false],
    ['$or and another field', { c: ['3'], $or: [{ a: ['1'] }, { b: ['2'] }] }, { a: '1' }, false],
    [
      '$or within one element',
      { i: { k: ['x'], $or: [{ v: ['1'] }, { w: ['1'] }] } },
      { i: [{ k: 'x' }, { v: '1' }] },
      false,
    ],
  ])('%s', (_, pattern, detail, expected) => {
    expect(matches(pattern, detail)).toBe(expected);
  });

  it.each<[string, unknown, RegExp]>([
    ['no object', '[]', /not an object/],
    ['no JSON', '{', /no JSON/],
    ['empty', {}, /Empty objects/],
    ['empty below', { detail: {} }, /Empty objects/],
    ['empty array', { source: [] }, /Empty arrays/],
    ['a bare value', { source: 'a' }, /"source" must be an object or an array/],
    ['an unknown match', { source: [{ contains: 'a' }] }, /Unrecognized match type contains/],
    ['two keys in one match', { source: [{ prefix: 'a', suffix: 'b' }] }, /Only one key/],
    ['an array in a leaf', { source: [['a']] }, /Match value/],
    ['prefix of a number', { source: [{ prefix: 1 }] }, /prefix match pattern must be a string/],
    ['exists of a text', { source: [{ exists: 'true' }] }, /either true or false/],
    ['numeric of a text', { n: [{ numeric: ['=', '1'] }] }, /must be numeric/],
    ['numeric with a bad operator', { n: [{ numeric: ['!=', 1] }] }, /operator: !=/],
    ['numeric upside down', { n: [{ numeric: ['>', 5, '<', 1] }] }, /Bottom/],
    ['numeric too large', { n: [{ numeric: ['>', 6e9] }] }, /must be numeric/],
    ['numeric of three', { n: [{ numeric: ['>', 5, '<'] }] }, /Too many/],
    ['cidr that is none', { ip: [{ cidr: '10.0.0.0/33' }] }, /Malformed CIDR/],
    ['two stars', { s: [{ wildcard: 'a**' }] }, /Consecutive/],
    ['a lone backslash', { s: [{ wildcard: String.raw`a\b` }] }, /escape/],
    ['anything-but of both kinds', { s: [{ 'anything-but': ['a', 1] }] }, /mixed type/],
    ['anything-but null', { s: [{ 'anything-but': [null] }] }, /only strings and numbers/],
    ['anything-but an empty prefix', { s: [{ 'anything-but': { prefix: '' } }] }, /Null prefix/],
    [
      'anything-but of an unknown kind',
      { s: [{ 'anything-but': { cidr: '10.0.0.0/8' } }] },
      /Unsupported anything-but/,
    ],
    ['too long', { source: ['a'.repeat(4096)] }, /longer than 4096/],
  ])('refuses %s', (_, pattern, reason) => {
    expect(() => compilePattern(pattern)).toThrow(
      expect.objectContaining({ code: 'InvalidEventPatternException', message: expect.stringMatching(reason) }),
    );
  });
});
