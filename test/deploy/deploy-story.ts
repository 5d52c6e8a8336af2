/** The story from the first deploy to the last trace, chapter by chapter. */
import { join } from 'node:path';
import { deliver } from './chapters/deliveries.ts';
import { destroy } from './chapters/destroy.ts';
import { deployFirst } from './chapters/first-deploy.ts';
import { awaitSchedule, readLogs, runByHand } from './chapters/operation.ts';
import { failToUpgrade, rollBack, upgrade } from './chapters/upgrade.ts';
import type { LogLine } from './function-logs.ts';
import { takeInventory } from './inventory.ts';
import type { Plot } from './plot.ts';
import { SourceTree } from './source-tree.ts';

// What the framework of the custom resource has to say of the migration that fails on purpose.
const isOfBrokenMigration = ({ group, text }: LogLine): boolean =>
  group.includes('MigrationProvider') && /"FunctionError": "Unhandled"|threw an error: Unhandled/.test(text);

/** @param root the checkout; only copies of it are changed. */
export async function tellDeployStory(plot: Plot, root: string): Promise<void> {
  const { story, scene, deployment } = plot;
  await story.step('cdk bootstrap', () => deployment.bootstrap());
  const before = await takeInventory(scene.aws);
  const tree = await SourceTree.copy(root, join(scene.folder, 'tree-first'));
  const { assembly, api, outputs } = await deployFirst(plot, tree);
  await deliver(plot, api);
  await runByHand(plot);
  await readLogs(plot);
  const second = await upgrade(plot, tree, api);
  await failToUpgrade(plot, second, api);
  await rollBack(plot, assembly, second.head, api);
  await awaitSchedule(plot);
  await readLogs(plot, isOfBrokenMigration);
  await destroy(plot, assembly, outputs, before);
}
