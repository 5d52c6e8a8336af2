/** What stands before the template is read: the folder, the database, the queues, and the sockets whose ports go into it. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseContext } from '../../lambdas/domain/configuration/context.ts';
import { createFunctionHost, type FunctionHost } from '../functions/function-host.ts';
import { type HttpApi, startHttpApi } from '../http-api/http-api.ts';
import {
  callsHandler,
  decisionsHandler,
  faultsHandler,
  issuerHandlers,
  type LocalHandler,
  tokenHandler,
} from '../http-api/local-handlers.ts';
import { openIssuer } from '../issuer/issuer.ts';
import { type Postgres, startPostgres } from '../postgres/postgres.ts';
import { openQueueStore, type QueueStore } from '../queues/queue-store.ts';
import { type CallCounts, createCallCounts } from '../services/call-counts.ts';
import { createFaults, type Faults } from '../services/faults.ts';
import { type ServiceServer, startServiceServer } from '../services/server.ts';
import { LOCAL_API_ID } from '../template/bodies/http-api.ts';
import { synthesize } from '../template/synthesize.ts';
import { type DataFolder, openDataFolder } from './data-folder.ts';
import { drillHandler } from './drills.ts';
import { EngineError } from './engine-error.ts';
import { type FunctionLog, openFunctionLog } from './function-log.ts';
import { type Inbox, startInbox } from './inbox.ts';
import { createLateServices, type LateServices, SERVICE_NAMES } from './late-services.ts';
import type { EngineOptions } from './options.ts';
import type { Teardown } from './teardown.ts';

export interface FoundationProps {
  readonly options: EngineOptions;
  /** The checkout. */
  readonly root: string;
  readonly teardown: Teardown;
  readonly say: (line: string) => void;
  /** A function's worker died. */
  readonly onDeath: (logicalId: string) => void;
}

export interface Foundation {
  readonly folder: DataFolder;
  readonly log: FunctionLog;
  readonly faults: Faults;
  readonly counts: CallCounts;
  readonly queues: QueueStore;
  readonly functions: FunctionHost;
  readonly api: HttpApi;
  /** Lets requests under way end, and cuts the rest; a second call waits for the first. */
  readonly closeApi: () => Promise<void>;
  readonly late: LateServices;
  readonly server: ServiceServer;
  readonly inbox: Inbox;
  readonly postgres: Postgres;
  /** The cloud assembly. */
  readonly assemblyFolder: string;
}

// Requests under way at the end get this long; a function may wait for a database that resumes.
const CLOSE_GRACE_MS = 3_000;

/** @throws EngineError, PostgresError, TemplateError; whatever was started is in the teardown. */
export async function layFoundation(props: FoundationProps): Promise<Foundation> {
  const { options, teardown, say } = props;
  const folder = openDataFolder(options.dataFolder, options.isMemory);
  teardown.add('folder', folder.release);
  const log = openFunctionLog(folder.functionsLog, options.isVerbose);
  teardown.add('function log', log.close);
  const file = options.isMemory ? ':memory:' : join(folder.state, 'queues', 'queues.sqlite');
  const queues = openQueueStore({ file });
  teardown.add('queues', () => queues.close());
  const faults = createFaults();
  const counts = createCallCounts();
  const late = createLateServices(SERVICE_NAMES);
  const server = await startServiceServer({ services: late.services, authorizer: late.authorizer, faults, counts });
  teardown.add('services', server.close);
  const inbox = await startInbox({
    portFile: join(folder.state, 'inbox-port'),
    onArrival: ({ method, path, headers }) =>
      say(
        `  inbox: ${method} ${path} ${headers['x-webhook-event'] ?? ''} webhook-id ${headers['webhook-id'] ?? 'none'}`,
      ),
  });
  teardown.add('inbox', inbox.close);
  const functions = createFunctionHost({
    onOutput: log.write,
    onDeath: props.onDeath,
    services: options.isOverSockets ? undefined : server,
  });
  const api = await startApi(props, { folder, faults, counts, functions, inbox, late });
  let closing: Promise<void> | undefined;
  const closeApi = (): Promise<void> => {
    closing ??= api.close(CLOSE_GRACE_MS);
    return closing;
  };
  teardown.add('http api', closeApi);
  // Both take a second or more and use different processes; on a failure of one the other must still come to its end.
  // They come last, so that a port that is taken is told at once.
  const [postgres, assemblyFolder] = await bothOrNeither(startDatabase(props, folder), synthesizeStack(props));
  return {
    folder,
    log,
    faults,
    counts,
    queues,
    functions,
    api,
    closeApi,
    late,
    server,
    inbox,
    postgres,
    assemblyFolder,
  };
}

async function startDatabase({ options, teardown, say }: FoundationProps, folder: DataFolder): Promise<Postgres> {
  const postgres = await startPostgres({ dataFolder: folder.path, memory: options.isMemory });
  teardown.add('postgres', postgres.stop);
  if (postgres.isAdopted) say('PostgreSQL was still running, and is taken over');
  return postgres;
}

async function synthesizeStack({ options, root, say }: FoundationProps): Promise<string> {
  if (!existsSync(join(root, '.cache', 'synth'))) say('Synthesizing the stack for the first time');
  const { directory } = await synthesize({ root, context: options.context });
  return directory;
}

async function bothOrNeither<A, B>(first: Promise<A>, second: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([first, second]);
  return Promise.all([first, second]);
}

type ApiParts = Pick<Foundation, 'folder' | 'faults' | 'counts' | 'functions' | 'inbox' | 'late'>;

async function startApi({ options }: FoundationProps, parts: ApiParts): Promise<HttpApi> {
  const { folder, faults, counts, functions, inbox, late } = parts;
  const handlers: Record<string, LocalHandler> = {
    '/_local/faults': faultsHandler(faults),
    '/_local/calls': callsHandler(counts),
    '/_local/decisions': decisionsHandler(late.authorizer),
    '/_local/inbox': inbox.handler,
    '/_local/drills': drillHandler(functions),
  };
  const api = await listen(options.port, {
    apiId: LOCAL_API_ID,
    localHandlers: handlers,
    invoke: async (name, event) => {
      const outcome = await functions.invoke(name, event);
      if (outcome.kind !== 'returned') throw new Error(outcome.errorMessage);
      return JSON.parse(outcome.payload) as unknown;
    },
  });
  // The tokens name the issuer by its URL, which is known only now.
  const issuer = await openIssuer({ folder: folder.state, url: api.url });
  const { accountClaim, jwtAudience } = parseContext(options.context);
  const token = tokenHandler({ issuer, claimName: accountClaim, audience: jwtAudience });
  Object.assign(handlers, issuerHandlers(issuer), { '/_local/token': token });
  return api;
}

async function listen(port: number, props: Parameters<typeof startHttpApi>[0]): Promise<HttpApi> {
  try {
    return await startHttpApi({ ...props, port });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    throw new EngineError('PORT_IN_USE', `port ${port} is taken; choose another with --port, or 0 for any`, {
      cause: error,
    });
  }
}
