/** From the sources to a stack that answers. */
import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { openIssuer } from '../../../local/issuer/issuer.ts';
import { DeployedApi } from '../deployed-api.ts';
import type { Assembly } from '../deployment.ts';
import type { Plot } from '../plot.ts';
import type { SourceTree } from '../source-tree.ts';

export interface FirstDeploy {
  readonly assembly: Assembly;
  readonly api: DeployedApi;
  readonly outputs: Readonly<Record<string, string>>;
}

export async function deployFirst(plot: Plot, tree: SourceTree): Promise<FirstDeploy> {
  const { story, deployment, scene } = plot;
  const assembly = await story.step('synth, with the template retyped for the emulator', async () => {
    const made = await deployment.synthesize(tree, 'assembly-first');
    for (const change of made.changes) story.note(change);
    return made;
  });
  const outputs = await story.step('cdk deploy', () => deployment.deploy(assembly));
  const api = new DeployedApi(scene, outputs);
  await story.step('healthy and ready: cluster, schema and consumers', async () => {
    assert.equal(await api.version(), undefined);
    await expectReady(api);
  });
  await story.step('a token of the issuer opens the API, no other does', () => tryTokens(plot, api));
  return { assembly, api, outputs };
}

export async function expectReady(api: DeployedApi): Promise<void> {
  const ready = await api.ask('/ready');
  assert.equal(ready.status, 200, ready.text);
  // The first may be up to 60 s old; this one asks the database itself.
  const deep = await api.ask('/ready?deep', await api.mint('operator'));
  assert.equal(deep.status, 200, deep.text);
}

async function tryTokens({ scene }: Plot, api: DeployedApi): Promise<void> {
  const path = '/v1/webhooks';
  assert.equal((await api.ask(path, await api.mint('account-token'))).status, 200);
  assert.equal((await api.ask(path)).status, 401, 'no token');
  assert.equal((await api.ask(path, await api.mint('account-token', 'another-audience'))).status, 401, 'audience');
  const folder = join(scene.folder, 'foreign-issuer');
  await mkdir(folder);
  const foreign = await openIssuer({ folder, url: scene.tokens.issuer.url });
  const forged = { accountId: 'account-token', claimName: 'account_id', audience: 'tidegate' };
  assert.equal((await api.ask(path, await foreign.mintToken(forged))).status, 401, 'foreign key');
}
