/** Synth, deploy and destroy of one stage by the CDK's command line. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { z } from 'zod';
import { type CdkRun, expectCdk, runCdk } from './cdk.ts';
import { ACCOUNT, REGION } from './emulator/surroundings.ts';
import type { Scene } from './scene.ts';
import type { SourceTree } from './source-tree.ts';
import { transformAssembly } from './template/assembly.ts';

const STAGE = 'story';
export const STACK = `Tidegate-${STAGE}`;

const SYNTH_TIMEOUT_MS = 60_000;
const BOOTSTRAP_TIMEOUT_MS = 60_000;
const DEPLOY_TIMEOUT_MS = 100_000;
const DESTROY_TIMEOUT_MS = 60_000;

export interface Assembly {
  readonly folder: string;
  /** What the emulator needed otherwise than AWS. */
  readonly changes: readonly string[];
}

/** The stack's outputs. */
export type Outputs = Readonly<Record<string, string>>;

const outputsSchema = z.object({ [STACK]: z.record(z.string(), z.string()) });

export class Deployment {
  readonly #scene: Scene;

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  async bootstrap(): Promise<void> {
    await expectCdk(this.#run(['bootstrap', `aws://${ACCOUNT}/${REGION}`], BOOTSTRAP_TIMEOUT_MS));
  }

  /** @param name of the assembly's folder */
  async synthesize(tree: SourceTree, name: string): Promise<Assembly> {
    const folder = join(this.#scene.folder, name);
    const context: Readonly<Record<string, string>> = {
      stage: STAGE,
      jwtIssuer: this.#scene.tokens.issuer.url,
      retryScheduleSeconds: '1,1,2',
      deliveryTimeoutSeconds: '3',
      callbackTimeoutSeconds: '10',
    };
    const given = Object.entries(context).flatMap(([key, value]) => ['--context', `${key}=${value}`]);
    const synth = this.#run(['synth', STACK, '--quiet', '--output', folder, ...given], SYNTH_TIMEOUT_MS);
    await expectCdk({ ...synth, folder: tree.folder });
    return { folder, changes: await transformAssembly(folder, STACK) };
  }

  /** @throws Error with all that was on the screen. */
  async deploy(assembly: Assembly): Promise<Outputs> {
    const file = join(this.#scene.folder, 'outputs.json');
    await expectCdk(this.#deploying(assembly, file));
    return outputsSchema.parse(JSON.parse(await readFile(file, 'utf8')))[STACK];
  }

  /** For a deploy that should fail. */
  attempt(assembly: Assembly): Promise<CdkRun> {
    return runCdk(this.#deploying(assembly, join(this.#scene.folder, 'attempted-outputs.json')));
  }

  async destroy(assembly: Assembly): Promise<void> {
    await expectCdk(this.#run(['destroy', STACK, '--app', assembly.folder, '--force'], DESTROY_TIMEOUT_MS));
  }

  async status(): Promise<string> {
    const { Stacks = [] } = await this.#scene.aws.cloudFormation.send(new DescribeStacksCommand({ StackName: STACK }));
    return Stacks[0]?.StackStatus ?? 'none';
  }

  #deploying(assembly: Assembly, outputsFile: string) {
    const options = ['--app', assembly.folder, '--require-approval', 'never', '--outputs-file', outputsFile];
    return this.#run(['deploy', STACK, ...options], DEPLOY_TIMEOUT_MS);
  }

  #run(given: readonly string[], timeoutMs: number) {
    const { folder, emulator } = this.#scene;
    return { arguments: given, folder, variables: emulator.variables, timeoutMs };
  }
}
