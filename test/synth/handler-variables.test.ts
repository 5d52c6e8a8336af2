import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { FUNCTION_FOLDERS } from '../../lib/function-bundles.ts';
import { synthesizedStack } from './synthesized-stack.ts';

const stack = synthesizedStack();

/** `dead-letter` is `DeadLetter` in the template. */
function logicalIdOf(folder: string): string {
  return folder.replaceAll(/(?:^|-)([a-z])/g, (_match, letter: string) => letter.toUpperCase());
}

/** Names in the handler's `readEnvironment([…])`. */
function variablesAskedFor(folder: string): readonly string[] {
  const source = readFileSync(`lambdas/${folder}/handler.ts`, 'utf8');
  const lists = [...source.matchAll(/readEnvironment\(\[([^\]]*)\]\)/g)].map(([, list = '']) => list);
  const names = lists.flatMap((list) => [...list.matchAll(/'([A-Z_]+)'/g)].map(([, name = '']) => name));
  return source.includes('readSettings(') ? [...names, 'SETTINGS'] : names;
}

describe('the template', () => {
  it.each(FUNCTION_FOLDERS.filter((folder) => existsSync(`lambdas/${folder}/handler.ts`)))(
    'gives %s every variable that its handler asks for at cold start',
    (folder) => {
      const { Variables } = stack.resource(logicalIdOf(folder)).Properties.Environment as {
        Variables: Record<string, unknown>;
      };
      const asked = variablesAskedFor(folder);
      expect(asked.length).toBeGreaterThan(0);
      expect(Object.keys(Variables)).toEqual(expect.arrayContaining([...asked]));
    },
  );
});
