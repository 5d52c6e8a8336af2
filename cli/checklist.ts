import { Command } from 'commander';
import { startProgress } from './checklist/progress.ts';
import { CHECKLIST } from './checklist/registry.ts';
import { reportJson, reportLines, tallyOf } from './checklist/report.ts';
import { type CheckedItem, runChecklist } from './checklist/run-checklist.ts';
import { openSite } from './checklist/site.ts';
import { CommandFailure } from './command-failure.ts';
import { findTarget, type TargetOptions } from './target.ts';
import type { Terminal } from './terminal.ts';

interface ChecklistOptions extends TargetOptions {
  readonly token?: string;
  readonly json?: boolean;
}

const EXAMPLES = `
Items:
${CHECKLIST.map(({ name, title }) => `  ${name.padEnd(22)} ${title}`).join('\n')}

Examples:
  tidegate checklist                          the local engine in .tidegate
  tidegate checklist --stack Tidegate-prod    a stack, with the AWS credentials and region of your shell
  tidegate checklist --stack Tidegate-prod --token "$TOKEN"
                                              the same, and whether this token will be let in
  tidegate checklist --json | jq '.items[] | select(.result == "fail")'

It asks the database, and so wakes a paused one (up to a minute), and leaves nothing behind.
What each failure means: docs/deploy.md.
Exit codes: 0 all passed or not applicable, 1 something failed, 2 wrong usage or nothing to talk to.`;

/** `tidegate checklist`: what a first deploy gets wrong, seen from outside. */
export function checklistCommand(terminal: Terminal): Command {
  return new Command('checklist')
    .description('check a deployment from outside: each item passes or fails with its fix')
    .option('--data <folder>', 'data folder of a running local engine', '.tidegate')
    .option('--stack <name>', 'a deployed stack, with the AWS credentials of your shell')
    .option('--token <jwt>', 'an access token of your issuer, to check its audience, account claim, scopes and expiry')
    .option('--json', 'answer in one line of JSON')
    .addHelpText('after', EXAMPLES)
    .action((options: ChecklistOptions) => checklist(options, terminal));
}

async function checklist(options: ChecklistOptions, terminal: Terminal): Promise<void> {
  const target = await findTarget(options);
  const checked = await check(target, options.token);
  if (options.json) terminal.out(reportJson(target.name, checked));
  else for (const line of reportLines(checked)) terminal.out(line);
  const { failed } = tallyOf(checked);
  if (failed > 0) {
    throw new CommandFailure('CHECKLIST_FAILED', `${failed} of ${checked.length} items failed`, options.json === true);
  }
}

async function check(
  target: Awaited<ReturnType<typeof findTarget>>,
  token: string | undefined,
): Promise<readonly CheckedItem[]> {
  const site = await openSite({ target, token });
  const progress = startProgress(process.stderr, CHECKLIST.length);
  try {
    return await runChecklist({ items: CHECKLIST, site, onChecked: ({ item }) => progress.step(item) });
  } finally {
    progress.stop();
    site.close();
  }
}
