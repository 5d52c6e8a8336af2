import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { contextKeys } from '../../lambdas/domain/configuration/context.ts';
import { accessTo } from './checks/access.ts';
import { ALL_CHECKS } from './checks/all-checks.ts';
import { CALLS, CONTEXTS, DENIED } from './checks/calls-of-functions.ts';
import { findingsOf } from './checks/check.ts';
import { FUNCTIONS } from './checks/fleet.ts';
import { physicalNamesOf } from './checks/quotas.ts';
import { handlerCode } from './handler-code.ts';
import { stacksInOneApp, synthesizedStack } from './synthesized-stack.ts';

const everyOption: Record<string, unknown> = JSON.parse(readFileSync('test/synth/every-option.json', 'utf8'));

const plain = synthesizedStack();
const full = synthesizedStack(everyOption);

describe.each([
  ['no option', plain],
  ['every option', full],
])('a stack with %s', (_name, stack) => {
  it.each(ALL_CHECKS)('$name', async (check) => {
    expect(await findingsOf(check, stack)).toEqual([]);
  });
});

describe('every option', () => {
  it('is a key of the context, each set to something else than its default', () => {
    const keys = contextKeys();
    expect(Object.keys(everyOption).sort()).toEqual(keys.map(({ key }) => key).sort());
    for (const { key, defaultValue } of keys) expect(everyOption[key]).not.toEqual(defaultValue);
  });
});

describe('two stages in one app', () => {
  const [blue, green] = stacksInOneApp([{ stage: 'blue' }, { stage: 'green' }]);
  if (blue === undefined || green === undefined) throw new Error('two contexts make two stacks');

  it('have stacks of their own', () => {
    expect([blue.name, green.name]).toEqual(['Tidegate-blue', 'Tidegate-green']);
  });

  it('share no physical name in the account', () => {
    const namesOf = (stack: typeof blue) => physicalNamesOf(stack).map(([, property, value]) => `${property} ${value}`);
    expect(namesOf(blue)).toEqual(['Name Tidegate-blue']);
    expect(namesOf(green).filter((name) => namesOf(blue).includes(name))).toEqual([]);
  });

  it('are alike but for the name of the stage', () => {
    const anonymous = (stack: typeof blue, stage: string) => JSON.stringify(stack.json).replaceAll(stage, 'STAGE');
    const withoutHashes = (text: string) =>
      text.replaceAll(/[0-9A-F]{8,}/g, '').replaceAll(/[0-9a-f]{6}(?=\W|[A-Z])/g, '');
    expect(withoutHashes(anonymous(green, 'green'))).toBe(withoutHashes(anonymous(blue, 'blue')));
  });
});

describe('the policies', () => {
  it.each(DENIED)('deny %s %s: %s', async (caller, call) => {
    const [action = '', resource = ''] = call.split(' on ', 2);
    const access = await accessTo(plain);
    expect(access.may(caller, action, resource, CONTEXTS[action])).toBe(false);
    expect(CALLS[caller]).not.toContain(call);
  });

  it('know every caller', async () => {
    const { policies } = await accessTo(plain);
    expect(Object.keys(CALLS).sort()).toEqual([...policies.keys()].sort());
  });

  it.each(FUNCTIONS)('of %s are needed by calls that its code can make', async (id) => {
    const commands = (await handlerCode()).get(id)?.commands ?? new Set();
    const made = (CALLS[id] ?? [])
      .map((call) => call.split(' on ', 1)[0] ?? '')
      .filter((action) => !isMadeByAws(id, action));
    expect(made.filter((action) => !commandsFor(action).some((name) => commands.has(name)))).toEqual([]);
  });
});

const CONSUMERS = ['FanOut', 'Deliver', 'DeadLetter'];

/** The Data API reads a login with the rights of its caller, and Lambda feeds a consumer with those of the function. */
function isMadeByAws(id: string, action: string): boolean {
  if (action === 'secretsmanager:GetSecretValue') return id !== 'Migrate';
  return CONSUMERS.includes(id) && /^sqs:(ReceiveMessage|DeleteMessage|GetQueueAttributes)$/.test(action);
}

/** Names of the commands that need a right. */
function commandsFor(action: string): readonly string[] {
  const [, name = ''] = action.split(':', 2);
  return name === 'ListBucket' ? ['ListObjectsV2'] : [name, `${name}Batch`, `${name}s`];
}
