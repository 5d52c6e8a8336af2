/** Brings what the template asks for to life on the foundation. Nothing runs by itself yet. */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { FunctionDefinition } from '../functions/function-definition.ts';
import { createMappings, type Mappings } from '../mappings/mappings.ts';
import { createPolledQueue } from '../mappings/polled-queue.ts';
import { startPoller } from '../mappings/poller.ts';
import type { PolicyAuthorizer } from '../permissions/authorizer.ts';
import type { FunctionModel } from '../template/stack-model.ts';
import { EngineError } from './engine-error.ts';
import type { Foundation } from './foundation.ts';
import { functionEnvironment } from './function-environment.ts';
import { checkGrants, createStackAuthorizer } from './grants.ts';
import { createLocalServices } from './local-services.ts';
import type { EngineOptions } from './options.ts';
import type { Plan } from './plan.ts';
import type { Teardown } from './teardown.ts';

export interface StackProps {
  readonly base: Foundation;
  readonly plan: Plan;
  readonly options: EngineOptions;
  readonly teardown: Teardown;
}

export interface Stack {
  readonly mappings: Mappings;
  readonly permissions: PolicyAuthorizer;
}

/** Batches under way at the end get this long; what they leave, the next start hands out again. */
const STOP_GRACE_MS = 5_000;

/** @throws EngineError, TemplateError */
export async function raiseStack(props: StackProps): Promise<Stack> {
  const { base, plan, teardown } = props;
  const { model } = plan;
  const { folder, queues, functions, faults, log, server, postgres } = base;
  const permissions = createStackAuthorizer(model);
  checkGrants(model, permissions);
  for (const queue of model.queues) await queues.createQueue(queue);
  for (const definition of model.functions) functions.add(toDefinition(props, definition));
  const mappings = startableMappings(props);
  const local = await createLocalServices({
    model,
    folder: folder.state,
    servicesUrl: server.url,
    queues,
    postgres,
    functions,
    mappings,
    permissions,
    faults,
    onProblem: (message) => log.write('engine', message),
  });
  teardown.add('database connections', local.close);
  base.late.bind(local.services, permissions);
  teardown.add('functions', async () => {
    const stopped = mappings.stop();
    await Promise.race([stopped, delay(STOP_GRACE_MS, undefined, { ref: false })]);
    await functions.close();
    await stopped;
  });
  return { mappings, permissions };
}

function toDefinition({ base, plan, options }: StackProps, model: FunctionModel): FunctionDefinition {
  const codeDirectory = plan.assembly.assets.get(model.codeKey);
  if (codeDirectory === undefined)
    throw new EngineError('CODE_MISSING', `the assembly has no code of ${model.logicalId}`);
  const { logicalId, functionName, arn, handler, timeoutSeconds, memoryMb } = model;
  const { isEgressPublic } = options;
  const environment = functionEnvironment(model, { servicesUrl: base.server.url, isEgressPublic });
  return { logicalId, functionName, arn, handler, timeoutSeconds, memoryMb, codeDirectory, environment };
}

function startableMappings({ base, plan, options }: StackProps): Mappings {
  const { queues, functions, faults, counts, folder, log } = base;
  return createMappings({
    definitions: plan.model.mappings,
    stateFile: options.isMemory ? undefined : join(folder.state, 'mappings.json'),
    startPoller: (definition) =>
      startPoller({
        ...definition,
        queue: createPolledQueue({
          store: queues,
          queueName: definition.queueName,
          pollerId: definition.uuid,
          faults,
          counts,
        }),
        invoke: (event) => functions.invoke(definition.functionId, event),
        onProblem: (message) => log.write(definition.logicalId, message),
      }),
  });
}
