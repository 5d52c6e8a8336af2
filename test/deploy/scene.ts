/** Everything that the story takes place in, started in order and gone when it is over. */
import { rm } from 'node:fs/promises';
import type { Teardown } from '../../local/engine/teardown.ts';
import { answer } from '../support/receivers/behaviours.ts';
import { type Receiver, startReceiver } from '../support/receivers/receiver.ts';
import { type Aurora, startAurora } from './aurora.ts';
import { type AwsClients, createAwsClients } from './aws-clients.ts';
import { type Emulator, startEmulator } from './emulator/emulator.ts';
import { FunctionLogs } from './function-logs.ts';
import { makeStoryFolder } from './story-folder.ts';
import { startTokenIssuer, type TokenIssuer } from './token-issuer.ts';

export interface SceneProps {
  /** Python that has the emulator. */
  readonly python: string;
  readonly teardown: Teardown;
}

export interface Scene {
  /** For everything the story writes. */
  readonly folder: string;
  readonly aurora: Aurora;
  readonly tokens: TokenIssuer;
  readonly emulator: Emulator;
  readonly aws: AwsClients;
  readonly logs: FunctionLogs;
  /** A customer's endpoint. */
  readonly receiver: Receiver;
}

/** Whatever was started is in the teardown, also after a failure. */
export async function setScene({ python, teardown }: SceneProps): Promise<Scene> {
  const folder = await makeStoryFolder();
  teardown.add('folder', () => rm(folder, { recursive: true, force: true }));
  const aurora = await startAurora();
  teardown.add('database', aurora.stop);
  const tokens = await startTokenIssuer(folder);
  teardown.add('issuer', tokens.stop);
  const receiver = await startReceiver(answer(200));
  teardown.add('receiver', receiver.close);
  const emulator = await startEmulator({ python, folder, dataApiUrl: aurora.url });
  teardown.add('emulator', emulator.stop);
  const aws = createAwsClients(emulator.url);
  teardown.add('clients', aws.destroy);
  aurora.attach(aws);
  return { folder, aurora, tokens, emulator, aws, logs: new FunctionLogs(aws.logs), receiver };
}
