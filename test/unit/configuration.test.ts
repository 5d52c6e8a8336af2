import { readFile } from 'node:fs/promises';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ContextError, contextKeys, parseContext } from '../../lambdas/domain/configuration/context.ts';
import { settingsSchema } from '../../lambdas/domain/configuration/settings.ts';
import { configurationPage } from '../../scripts/configuration-page.ts';

describe('the context', () => {
  it('is whole without any key', () => {
    const context = parseContext({});
    expect(context.retryScheduleSeconds).toEqual([30, 300, 1_800, 7_200, 28_800]);
    expect(context.deliveryTimeoutSeconds).toBe(15);
    expect(context.accountClaim).toBe('account_id');
    expect(context.jwtIssuer).toBeUndefined();
  });

  it('reads the text of a command line as it reads values of cdk.json', () => {
    const fromText = parseContext({
      retryScheduleSeconds: '1,1,2,2,3',
      deliveryTimeoutSeconds: '2',
      corsOrigins: 'https://a.example',
    });
    const fromJson = parseContext({
      retryScheduleSeconds: [1, 1, 2, 2, 3],
      deliveryTimeoutSeconds: 2,
      corsOrigins: ['https://a.example'],
    });
    expect(fromText).toEqual(fromJson);
  });

  it.each([
    ['deliveryTimeoutSeconds', '0'],
    ['deliveryTimeoutSeconds', '31'],
    ['deliveryTimeoutSeconds', '2.5'],
    ['retryScheduleSeconds', ''],
    ['retryScheduleSeconds', '1,x'],
    ['retryScheduleSeconds', '43201'],
    ['stage', 'Prod'],
    ['jwtIssuer', 'login.example.com'],
    ['terminalRetentionDays', '6'],
    ['inFlightLimit', '120000'],
    ['deliveriesMaxConcurrency', '1'],
  ])('refuses %s=%s and names it', (key, value) => {
    expect(() => parseContext({ [key]: value })).toThrow(new RegExp(`^The context is not valid:\\n {2}${key}`));
  });

  it('tells all problems at once', () => {
    const given = { stage: 'X', sweepSeconds: 'soon', colour: 'blue', shape: 'round' };
    expect(problemKeys(given)).toEqual(['stage', 'sweepSeconds', 'colour', 'shape']);
  });

  it('refuses any key that it does not know, whatever its value', () => {
    const known = new Set(contextKeys().map(({ key }) => key));
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.jsonValue(), (key, value) => {
        fc.pre(!known.has(key) && key !== '__proto__');
        expect(problemKeys({ [key]: value })).toEqual([key]);
      }),
    );
  });

  it('holds every setting that the functions need', () => {
    expect(() => settingsSchema.parse(parseContext({}))).not.toThrow();
  });
});

describe('docs/configuration.md', () => {
  it('is what the schema says (npm run docs writes it)', async () => {
    const page = await readFile(new URL('../../docs/configuration.md', import.meta.url), 'utf8');
    expect(page).toBe(configurationPage());
  });

  it('describes every key', () => {
    for (const { key, description } of contextKeys()) expect([key, description.length > 20]).toEqual([key, true]);
  });
});

function problemKeys(given: Record<string, unknown>): string[] {
  try {
    parseContext(given);
    return [];
  } catch (error) {
    if (!(error instanceof ContextError)) throw error;
    return error.problems.map(({ key }) => key);
  }
}
