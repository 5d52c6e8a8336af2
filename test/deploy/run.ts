/**
 * `npm run test:deploy [-- --required]`: deploys Tidegate to an emulator of AWS by the real CDK command line and drives
 * it (docs/adr/0008). Without Python 3.11 the story is left out, and says so; with `--required` that is a failure.
 */
import { dirname, join } from 'node:path';
import { createTeardown } from '../../local/engine/teardown.ts';
import { tellDeployStory } from './deploy-story.ts';
import { Deployment } from './deployment.ts';
import { installEmulator } from './emulator/installation.ts';
import { findPython } from './emulator/python.ts';
import { reasonOf, reportOf } from './failure-report.ts';
import { type Scene, setScene } from './scene.ts';
import { Story } from './story.ts';

const ROOT = dirname(dirname(import.meta.dirname));
const CACHE = join(ROOT, '.cache', 'ministack');
const say = (line: string): void => console.log(line);

const teardown = createTeardown((name, error) => {
  say(`could not end the ${name}: ${String(error)}`);
  process.exitCode = 1;
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => void teardown.run().then(() => process.exit(1)));
}
process.exitCode = await run(process.argv.includes('--required'));

async function run(isRequired: boolean): Promise<number> {
  const python = await findPython();
  if (python === undefined) {
    say('deploy story: LEFT OUT. It needs Python 3.11 or newer (with venv) for the emulator, and found none.');
    return isRequired ? 1 : 0;
  }
  const story = new Story(say);
  let scene: Scene | undefined;
  try {
    const installation = new AbortController();
    teardown.add('installation', () => installation.abort());
    const emulatorPython = await story.step('the emulator is installed', () =>
      installEmulator({ python, cache: CACHE, signal: installation.signal }),
    );
    scene = await story.step('database, issuer, receiver and emulator run', () =>
      setScene({ python: emulatorPython, teardown }),
    );
    await tellDeployStory({ story, scene, deployment: new Deployment(scene) }, ROOT);
  } catch (error) {
    say(reasonOf(error));
    if (scene !== undefined) say(await reportOf(scene));
    await teardown.run();
    return 1;
  }
  await teardown.run();
  say(`deploy story: ${story.passed} steps passed`);
  return 0;
}
