/** Which functions there are. */
import { FUNCTION_FOLDERS } from '../../../lib/function-bundles.ts';
import type { Resource, TemplateView } from '../template-view.ts';

/** Of docs/architecture.md, by logical id. */
export const FUNCTIONS = [
  'Publish',
  'Webhooks',
  'Deliveries',
  'Health',
  'FanOut',
  'Deliver',
  'DeadLetter',
  'Sweeper',
  'Daily',
  'Migrate',
] as const;

export const BEHIND_THE_API: readonly string[] = ['Publish', 'Webhooks', 'Deliveries', 'Health'];

/** Their messages come back to them by design. */
export const RESENDING: readonly string[] = ['FanOut', 'Deliver', 'DeadLetter', 'Sweeper'];

/** Functions that read or write the schema, which therefore has to be there before them. */
export const USING_THE_SCHEMA = FUNCTIONS.filter((name) => name !== 'Publish' && name !== 'Migrate');

/** AWS's own code behind the custom resource, with what CDK makes for it. */
export const isProviderFramework = (id: string): boolean => id.startsWith('MigrationProviderframework');

export function ownFunctions(view: TemplateView): ReadonlyArray<readonly [string, Resource]> {
  return view.ofType('AWS::Lambda::Function').filter(([id]) => !isProviderFramework(id));
}

/** `dead-letter` is `DeadLetter` in the template. */
export function logicalIdOf(folder: string): string {
  return folder.replaceAll(/(?:^|-)([a-z])/g, (_match, letter: string) => letter.toUpperCase());
}

export function folderOf(logicalId: string): string {
  const folder = FUNCTION_FOLDERS.find((name) => logicalIdOf(name) === logicalId);
  if (folder === undefined) throw new Error(`no folder of ${logicalId}`);
  return folder;
}
