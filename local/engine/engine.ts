/** The local engine: starts the stack on this machine in order, and stops it in the other. */
import { join } from 'node:path';
import { DATABASE } from '../postgres/postgres.ts';
import { startSchedules } from '../schedules/schedules.ts';
import { markUsed } from '../template/synthesize.ts';
import { apiConfiguration } from './api-configuration.ts';
import { runCustomResources } from './custom-resources.ts';
import { type EngineFile, removeEngineFile, writeEngineFile } from './engine-file.ts';
import { type Foundation, layFoundation } from './foundation.ts';
import { expireLeases, LEASE_HOLDERS } from './leases.ts';
import { secretsFolder } from './local-services.ts';
import type { EngineOptions } from './options.ts';
import { makePlan, type Plan } from './plan.ts';
import { createRecovery, type Recovery } from './recovery.ts';
import { raiseStack, type Stack } from './stack.ts';
import { createTeardown, type Teardown } from './teardown.ts';

export interface EngineProps {
  readonly options: EngineOptions;
  /** The checkout. */
  readonly root: string;
  /** Told of what a user should see; one line each. */
  readonly say: (line: string) => void;
  /** Gives up a start that is under way. */
  readonly signal: AbortSignal;
}

export interface Engine {
  /** As in `engine.json`. */
  readonly file: EngineFile;
  /** A receiver for tries. */
  readonly inboxUrl: string;
  readonly dataFolder: string;
  /** Stops everything; may be called twice. */
  stop(): Promise<void>;
}

const DAY_MS = 86_400_000;
/** The way of an event. The others load at their first request (0.2 s on a quiet machine), for each holds 45 MB. */
const ON_THE_WAY = ['Publish', 'FanOut', 'Deliver'] as const;

/** @throws EngineError, PostgresError, TemplateError, after all that was started is stopped again. */
export async function startEngine(props: EngineProps): Promise<Engine> {
  const teardown = createTeardown((name, error) => props.say(`stopping ${name} failed: ${String(error)}`));
  try {
    return await start(props, teardown);
  } catch (error) {
    await teardown.run();
    throw error;
  }
}

async function start(props: EngineProps, teardown: Teardown): Promise<Engine> {
  const { options, signal, say } = props;
  let recovery: Recovery | undefined;
  const base = await layFoundation({ ...props, teardown, onDeath: (logicalId) => recovery?.afterDeathOf(logicalId) });
  signal.throwIfAborted();
  const plan = await makePlan({
    directory: base.assemblyFolder,
    servicesUrl: base.server.url,
    apiUrl: base.api.url,
    secretsFolder: secretsFolder(base.folder.state),
  });
  const stack = await raiseStack({ base, plan, options, teardown });
  signal.throwIfAborted();
  await runCustomResources({
    model: plan.model,
    functions: base.functions,
    authorizer: stack.permissions,
    stateFile: options.isMemory ? undefined : join(base.folder.state, 'custom-resources.json'),
  });
  signal.throwIfAborted();

  const databaseUrl = base.postgres.url(DATABASE);
  await recoverLastRun(base, databaseUrl);
  recovery = createRecovery({ mappings: stack.mappings, queues: base.queues, databaseUrl, say });
  open({ base, plan, stack, options, teardown });
  return toEngine({ base, plan, databaseUrl, teardown });
}

/**
 * Nobody works yet, so whatever the last run held is free: messages of its pollers, and leases of its functions. The
 * fan-out's among them: it may have died between rows and messages, and its lease's end would be the recovery time. As
 * it may also have died between messages and the end of its own, messages with leases count as repeats, so that each
 * is claimed before it is sent.
 */
async function recoverLastRun({ queues }: Foundation, databaseUrl: string): Promise<void> {
  await queues.recover();
  await queues.distrustFirstReceives();
  await expireLeases(databaseUrl, LEASE_HOLDERS);
}

interface OpenProps {
  readonly base: Foundation;
  readonly plan: Plan;
  readonly stack: Stack;
  readonly options: EngineOptions;
  readonly teardown: Teardown;
}

/** From here on work is done. */
function open({ base, plan, stack, options, teardown }: OpenProps): void {
  const { functions, folder, log, api } = base;
  stack.mappings.start();
  const schedules = startSchedules({
    definitions: plan.model.schedules,
    stateFile: options.isMemory ? undefined : join(folder.state, 'schedules.json'),
    invoke: async ({ logicalId, functionId, input }) => {
      const outcome = await functions.invoke(functionId, input);
      if (outcome.kind !== 'returned') log.write(logicalId, `${outcome.errorType}: ${outcome.errorMessage}`);
    },
  });
  teardown.add('schedules', schedules.stop);
  const inUse = setInterval(() => markUsed(base.assemblyFolder), DAY_MS).unref();
  teardown.add('synth mark', () => clearInterval(inUse));
  const configuration = apiConfiguration(plan.model, stack.permissions);
  api.configure(configuration);
  // Again, so that it comes first at the end: nothing new is accepted while the rest is still there to finish.
  teardown.add('http api', base.closeApi);
  // Not awaited: a request that comes now waits for its own function alone.
  void functions.warmUp(ON_THE_WAY);
}

interface ToEngineProps {
  readonly base: Foundation;
  readonly plan: Plan;
  readonly databaseUrl: string;
  readonly teardown: Teardown;
}

function toEngine({ base, plan, databaseUrl, teardown }: ToEngineProps): Engine {
  const { api, server, folder, inbox } = base;
  const endpoint = (name: string): string => `${server.url}/${name}`;
  const file: EngineFile = {
    url: api.url,
    gateUrl: `${api.url}/in`,
    consoleUrl: null,
    pid: process.pid,
    databaseUrl,
    issuer: api.url,
    stackName: plan.model.stackName,
    endpoints: {
      sqs: endpoint('sqs'),
      events: endpoint('events'),
      kms: endpoint('kms'),
      rdsData: endpoint('rds-data'),
      rds: endpoint('rds'),
      s3: endpoint('s3'),
      secretsManager: endpoint('secretsmanager'),
      lambda: endpoint('lambda'),
    },
    outputs: plan.outputs,
  };
  writeEngineFile(folder.engineFile, file);
  teardown.add('engine.json', () => removeEngineFile(folder.engineFile));
  return { file, inboxUrl: inbox.url, dataFolder: folder.path, stop: teardown.run };
}
