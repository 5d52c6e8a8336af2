/** The end of the stack, and of the emulator. */
import assert from 'node:assert/strict';
import { isAlive } from '../../../local/postgres/process-table.ts';
import { processesNaming } from '../../support/process-tree.ts';
import type { Assembly, Outputs } from '../deployment.ts';
import { takeInventory } from '../inventory.ts';
import type { Plot } from '../plot.ts';

/** @param before inventory of before the first deploy. */
export async function destroy(
  plot: Plot,
  assembly: Assembly,
  outputs: Outputs,
  before: readonly string[],
): Promise<void> {
  const { story, deployment, scene } = plot;
  await story.step('cdk destroy', () => deployment.destroy(assembly));
  await story.step('nothing is left but what is kept on purpose', async () => {
    const left = (await takeInventory(scene.aws)).filter((item) => !before.includes(item));
    for (const item of left) story.note(`kept: ${item}`);
    const last = (arn: string | undefined) => arn?.split(/[:/]/).at(-1);
    assert.deepEqual(
      left,
      // The markers and state, what opens the secrets in a snapshot, and the snapshot.
      [
        `bucket ${outputs.ControlBucketName}`,
        `key ${last(outputs.KeyArn)}`,
        `snapshot ${last(outputs.ClusterArn)}`,
      ].sort(),
    );
  });
  await story.step('the emulator ends, and no process of it stays', async () => {
    await scene.emulator.stop();
    assert.equal(isAlive(scene.emulator.pid), false);
    assert.deepEqual(processesNaming(scene.folder), []);
  });
}
