import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { elementSlices, memberSlices, rawMember, rawText } from '../../lambdas/domain/raw-json/raw-json.ts';
import { hasForbiddenCharacters, hasForbiddenJsonCharacters } from '../../lambdas/domain/text/forbidden-characters.ts';

const space = fc.stringMatching(/^[ \t\n\r]{0,3}$/);
const json = fc.oneof(
  fc.json({ depthSize: 'large' }),
  fc.json().map((text) => JSON.stringify(JSON.parse(text), null, 3)),
);
const asciiEscaped = (text: string) =>
  text.replace(/[^\\\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);

describe('members of an object', () => {
  it('keep their raw text, and the last of a name wins, as in JSON.parse', () => {
    const members = fc.array(
      fc.tuple(fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('data', 'type')), json, space),
    );
    fc.assert(
      fc.property(members, space, (list, pad) => {
        const inner = list.map(([name, value, gap]) => `${gap}${JSON.stringify(name)}${gap}:${gap}${value}${gap}`);
        const text = `${pad}{${pad}${inner.join(',')}${pad}}${pad}`;
        JSON.parse(text);
        const slices = memberSlices(text);
        const expected = new Map(list.map(([name, value]) => [name, value]));
        expect([...(slices ?? [])].map(([name, slice]) => [name, rawText(text, slice)])).toEqual([...expected]);
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    [
      'numbers stay',
      '{"data": {"a":1.0,"b":12345678901234567890, "c":1e400} }',
      '{"a":1.0,"b":12345678901234567890, "c":1e400}',
    ],
    ['escaped name', '{"d\\u0061ta":[1 ]}', '[1 ]'],
    ['escaped name after a plain one', '{"data":1,"\\u0064ata":2}', '2'],
    ['quotes and brackets in strings', '{"x":"}\\"]{","data":"\\\\","y":"\\\\\\""}', '"\\\\"'],
    ['nested member of the same name', '{"x":{"data":1},"data":2,"z":[{"data":3}]}', '2'],
    ['scalar at the end', '{"data":-0.50e+3}', '-0.50e+3'],
    ['a scalar before white space', '{"data":true\n}', 'true'],
    ['__proto__ is a name like any other', '{"__proto__":1,"data":null}', 'null'],
  ])('%s', (_what, text, expected) => {
    JSON.parse(text);
    expect(rawMember(text, 'data')).toBe(expected);
  });

  it.each(['[]', '"data"', '1', 'null', '[{"data":1}]', '{}', '{"dat":1}'])('%s has none', (text) => {
    expect(rawMember(text, 'data')).toBeUndefined();
  });

  it('survives any depth', () => {
    const deep = '['.repeat(100_000) + ']'.repeat(100_000);
    expect(rawMember(`{"data":${deep}}`, 'data')).toBe(deep);
  });

  it.each(['{"data":{', '{"data"', '{"a', '{', '', '{"a" 1}'])(
    'throws on %p, which JSON.parse would have refused',
    (text) => {
      expect(() => memberSlices(text)).toThrow(expect.objectContaining({ code: 'INVALID_JSON' }));
    },
  );
});

describe('elements of an array', () => {
  it('keep their raw text, in order, also inside a larger text', () => {
    fc.assert(
      fc.property(fc.array(json), space, (list, pad) => {
        const text = `{"n":[0],${pad}"events"${pad}:${pad}[${list.map((item) => pad + item + pad).join(',')}${pad}]}`;
        JSON.parse(text);
        const slices = elementSlices(text, memberSlices(text)?.get('events'));
        expect(slices?.map((slice) => rawText(text, slice))).toEqual(list.map((item) => item.trim()));
      }),
      { numRuns: 500 },
    );
  });

  it('finds the members of an element', () => {
    const text = '{"events":[ {"type":"a"}, {"data":{"v":1.0} } ]}';
    const second = elementSlices(text, memberSlices(text)?.get('events'))?.[1];
    const data = memberSlices(text, second)?.get('data');
    expect(data && rawText(text, data)).toBe('{"v":1.0}');
    expect(elementSlices(text)).toBeUndefined();
  });
});

describe('forbidden characters', () => {
  it('are found in JSON, raw or escaped, exactly when the parsed value holds one', () => {
    const unit = fc.oneof(
      fc.constantFrom('\0', '\ud800', '\udbff', '\udc00', '\udfff', '\\', '"', 'u', '0000', 'd800', '😀'),
      fc.string({ unit: 'binary', maxLength: 3 }),
    );
    const text = fc.array(unit, { maxLength: 8 }).map((parts) => parts.join(''));
    fc.assert(
      fc.property(text, text, fc.boolean(), (name, value, isEscaped) => {
        const plain = JSON.stringify({ [name]: [value] });
        const bad = [name, value].some((part) => part.includes('\0') || !part.isWellFormed());
        expect(hasForbiddenJsonCharacters(isEscaped ? asciiEscaped(plain) : plain)).toBe(bad);
      }),
      { numRuns: 3000 },
    );
  });

  it.each([
    ['"\\u0000"', true],
    ['"\\\\u0000"', false],
    ['"\\\\\\u0000"', true],
    ['"\\ud83d\\ude00"', false],
    ['"\\uD83D\\uDE00"', false],
    ['"\\ud83d"', true],
    ['"\\ude00\\ud83d"', true],
    ['"\\ud83d\\n\\ude00"', true],
    ['"\\ud83dx\\ude00"', true],
    ['"\\ud83d\\ud83d\\ude00"', true],
    ['{"\\u0000":1}', true],
    ['{"a":"\\ud7ff\\ue000"}', false],
  ])('%s: %p', (text, bad) => {
    JSON.parse(text);
    expect(hasForbiddenJsonCharacters(text)).toBe(bad);
  });

  it('are found in plain text', () => {
    expect(hasForbiddenCharacters('a\0')).toBe(true);
    expect(hasForbiddenCharacters('a\ud800')).toBe(true);
    expect(hasForbiddenCharacters('\\u0000 😀')).toBe(false);
  });
});
