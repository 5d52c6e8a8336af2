import { describe, expect, it } from '@jest/globals';
import { ALL_CHECKS } from './checks/all-checks.ts';
import { type Check, findingsOf, judge } from './checks/check.ts';
import { apply, type Mutant } from './mutants/mutant.ts';
import { mutantsOfData } from './mutants/of-data.ts';
import { mutantsOfEntrances } from './mutants/of-entrances.ts';
import { mutantsOfForm } from './mutants/of-form.ts';
import { mutantsOfFunctions, mutantsOfRoles } from './mutants/of-functions.ts';
import { mutantsOfQueues } from './mutants/of-queues.ts';
import { synthesizedStack } from './synthesized-stack.ts';
import { viewOf } from './template-view.ts';

/**
 * Who judges the judges: each mutant is the template with one fault, which the check that it names has to find. What a
 * deploy would not refuse (a queue without its policy, a route without its authorizer) is found here or nowhere.
 */
const stack = synthesizedStack();
const MUTANTS: readonly Mutant[] = [
  ...mutantsOfFunctions(stack),
  ...mutantsOfRoles(stack),
  ...mutantsOfQueues(stack),
  ...mutantsOfData(stack),
  ...mutantsOfEntrances(stack),
  ...mutantsOfForm(stack),
];
const LEAST_SHARE_CAUGHT = 0.95;

function checkOf({ name, caughtBy }: Mutant): Check {
  const [check, ...others] = ALL_CHECKS.filter((known) => known.name.startsWith(caughtBy));
  if (check === undefined || others.length > 0) throw new Error(`mutant "${name}": no one check "${caughtBy}…"`);
  return check;
}

describe('planted faults', () => {
  it('are of different names', () => {
    const names = MUTANTS.map(({ name, caughtBy }) => `${name} (${caughtBy})`);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });

  it('leave the template alone when there is none', async () => {
    expect(await judge(viewOf(stack.name, stack.json), ALL_CHECKS)).toEqual([]);
  });

  it('are put to every check', () => {
    const tried = new Set(MUTANTS.map((mutant) => checkOf(mutant).name));
    expect(ALL_CHECKS.map(({ name }) => name).filter((name) => !tried.has(name))).toEqual([]);
  });

  it('are found, each by the check that it is put to', async () => {
    const missed: string[] = [];
    for (const mutant of MUTANTS) {
      const findings = await findingsOf(checkOf(mutant), viewOf(stack.name, apply(mutant, stack.json)));
      if (findings.length === 0) missed.push(`${mutant.name}, which "${mutant.caughtBy}…" should find`);
    }
    const caught = MUTANTS.length - missed.length;
    process.stdout.write(
      `mutants: caught ${caught} of ${MUTANTS.length}\n${missed.map((m) => `  missed: ${m}\n`).join('')}`,
    );
    expect(caught / MUTANTS.length).toBeGreaterThanOrEqual(LEAST_SHARE_CAUGHT);
  });
});
