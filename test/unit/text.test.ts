import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { cleanText, truncateBytes, truncateChars, truncateUtf8 } from '../../lambdas/domain/text/clean-text.ts';
import { hasForbiddenCharacters } from '../../lambdas/domain/text/forbidden-characters.ts';
import { capturedBody, encodedBody } from '../../lambdas/domain/text/response-body.ts';

const any = fc
  .array(fc.oneof(fc.constantFrom('\0', '\ud800', '\udc00', '😀', 'é'), fc.string({ unit: 'binary' })))
  .map((parts) => parts.join(''));
const wellFormed = any.map((text) => text.toWellFormed());

describe('text of receivers', () => {
  it('is clean afterwards, as long as before, and unchanged when it was clean', () => {
    fc.assert(
      fc.property(any, (text) => {
        const clean = cleanText(text);
        expect(hasForbiddenCharacters(clean)).toBe(false);
        expect(clean).toHaveLength(text.length);
        expect(clean === text).toBe(!hasForbiddenCharacters(text));
      }),
    );
    expect(cleanText('a\0b\ud800c')).toBe('a\ufffdb\ufffdc');
  });

  it('is cut at a character', () => {
    fc.assert(
      fc.property(wellFormed, fc.nat(40), (text, max) => {
        const chars = truncateChars(text, max);
        const bytes = truncateBytes(text, max);
        expect(text.startsWith(chars) && text.startsWith(bytes)).toBe(true);
        expect(chars.isWellFormed() && bytes.isWellFormed()).toBe(true);
        expect(chars.length).toBeGreaterThanOrEqual(Math.min(text.length, max - 1));
        expect(chars.length).toBeLessThanOrEqual(max);
        expect(Buffer.byteLength(bytes)).toBeLessThanOrEqual(max);
        expect(Buffer.byteLength(bytes)).toBeGreaterThan(Math.min(Buffer.byteLength(text), max) - 4);
      }),
    );
    expect(truncateChars('a😀', 2)).toBe('a');
    expect(truncateBytes('é😀', 5)).toBe('é');
  });

  it('of other bytes is cut anywhere', () => {
    expect(truncateUtf8(Buffer.alloc(20, 0x80), 10)).toHaveLength(10);
  });
});

describe('response body', () => {
  it('keeps 1 KB of a success and 16 KB of a failure', () => {
    const body = Buffer.alloc(20_000, 'x');
    expect(capturedBody(body, true)).toHaveLength(1024);
    expect(capturedBody(body, false)).toHaveLength(16_384);
    expect(capturedBody(Buffer.from('short'), true).toString()).toBe('short');
  });

  it('stays text when it is cut inside a character', () => {
    const body = Buffer.from(`${'x'.repeat(1022)}😀`);
    expect(encodedBody(capturedBody(body, true))).toEqual({ body: 'x'.repeat(1022), encoding: 'utf8' });
  });

  it('is base64 when it is no text', () => {
    expect(encodedBody(Buffer.from([0xff, 0x00]))).toEqual({ body: '/wA=', encoding: 'base64' });
    expect(encodedBody(Buffer.alloc(0))).toEqual({ body: '', encoding: 'utf8' });
  });
});
