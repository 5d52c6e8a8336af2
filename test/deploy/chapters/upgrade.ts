/** A second version of functions and schema over the first, one whose migration fails, and the way back to the first. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { DeployedApi } from '../deployed-api.ts';
import type { Assembly } from '../deployment.ts';
import type { Plot } from '../plot.ts';
import { SourceTree } from '../source-tree.ts';
import { expectDelivery } from './deliveries.ts';
import { expectReady } from './first-deploy.ts';
import { underTraffic } from './traffic.ts';

const SECOND = 'second';

export interface SecondVersion {
  readonly tree: SourceTree;
  readonly assembly: Assembly;
  /** Version of its schema. */
  readonly head: number;
}

export async function upgrade({ story, deployment, scene }: Plot, first: SourceTree, api: DeployedApi) {
  const tree = await SourceTree.copy(first.folder, join(scene.folder, 'tree-second'));
  const head = (await first.head()) + 1;
  await tree.markHealth(SECOND);
  await tree.addMigration(
    `V${head}__add_deploy_story.sql`,
    "ALTER TABLE hook.webhook_configs ADD COLUMN deploy_story text NOT NULL DEFAULT 'second';\n",
  );
  const assembly = await story.step('synth of a second version: a changed function, a new migration', () =>
    deployment.synthesize(tree, 'assembly-second'),
  );
  await story.step('cdk deploy over the first, while events keep coming', async () => {
    const published = await underTraffic({ api, receiver: scene.receiver }, () => deployment.deploy(assembly));
    story.note(`${published} events, each delivered once`);
  });
  await story.step('the second version serves, on the new schema', async () => {
    assert.equal(await api.version(), SECOND);
    assert.deepEqual(await versionsAbove(scene, head - 1), [head]);
    await expectReady(api);
    await expectDelivery(api, scene.receiver);
  });
  return { tree, assembly, head };
}

export async function failToUpgrade(plot: Plot, second: SecondVersion, api: DeployedApi): Promise<void> {
  const { story, deployment, scene } = plot;
  const good = second.head + 1;
  const bad = second.head + 2;
  const tree = await SourceTree.copy(second.tree.folder, join(scene.folder, 'tree-third'));
  await tree.markHealth('third');
  await tree.addMigration(
    `V${good}__add_deploy_story_notes.sql`,
    'CREATE TABLE hook.deploy_story_notes (note text);\n',
  );
  await tree.addMigration(
    `V${bad}__break_the_deploy.sql`,
    '-- Good SQL, so that no parser stops it before the database does.\n' +
      'CREATE TABLE hook.deploy_story_broken (note text);\n\n' +
      'ALTER TABLE hook.deploy_story_missing ADD COLUMN note text;\n',
  );
  const assembly = await story.step('synth of a third version, whose migration cannot run', () =>
    deployment.synthesize(tree, 'assembly-third'),
  );
  await story.step('its deploy fails, with file, line and message on the screen', async () => {
    const { exitCode, screen } = await deployment.attempt(assembly);
    assert.equal(exitCode, 1, screen);
    const line = /V\d+__break_the_deploy\.sql line \d+:[^\n]*/.exec(screen)?.[0];
    story.note(line ?? 'no line of the migration');
    assert.match(
      screen,
      new RegExp(`V${bad}__break_the_deploy\\.sql line 4: relation "hook\\.deploy_story_missing" does not exist`),
    );
  });
  await story.step('the stack is rolled back to the second version, which serves', async () => {
    assert.equal(await deployment.status(), 'UPDATE_ROLLBACK_COMPLETE');
    assert.equal(await api.version(), SECOND);
    // The file before the failing one stays: it only adds. Of the failing one, nothing does.
    assert.deepEqual(await versionsAbove(scene, second.head), [good]);
    assert.deepEqual(await tablesNamed(scene, 'deploy_story_broken'), []);
    await expectReady(api);
    await expectDelivery(api, scene.receiver);
  });
}

/** @param head version of the schema that stays. */
export async function rollBack(plot: Plot, first: Assembly, head: number, api: DeployedApi): Promise<void> {
  const { story, deployment, scene } = plot;
  await story.step(
    "cdk deploy of the first version's functions on the newer schema, while events keep coming",
    async () => {
      const published = await underTraffic({ api, receiver: scene.receiver }, () => deployment.deploy(first));
      story.note(`${published} events, each delivered once`);
    },
  );
  await story.step('the first version serves, and the schema stayed', async () => {
    assert.equal(await api.version(), undefined);
    assert.ok((await versionsAbove(scene, head - 1)).includes(head));
    await expectReady(api);
    await expectDelivery(api, scene.receiver);
  });
}

async function versionsAbove({ aurora }: Plot['scene'], version: number): Promise<number[]> {
  const rows = await aurora.query<{ version: string }>(
    `SELECT version FROM hook.flyway_schema_history WHERE success AND version::int > ${version} ORDER BY version::int`,
  );
  return rows.map((row) => Number(row.version));
}

async function tablesNamed({ aurora }: Plot['scene'], name: string): Promise<string[]> {
  const rows = await aurora.query<{ name: string }>(
    `SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'hook' AND table_name = '${name}'`,
  );
  return rows.map((row) => row.name);
}
