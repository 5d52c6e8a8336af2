/** Every resource type that the engine can give a body. */
import { busBodies } from './bodies/bus.ts';
import { customResourceBodies } from './bodies/custom-resources.ts';
import { functionBodies } from './bodies/functions.ts';
import { httpApiBodies } from './bodies/http-api.ts';
import { inertBodies } from './bodies/inert.ts';
import { queueBodies } from './bodies/queues.ts';
import { roleBodies } from './bodies/roles.ts';
import { scheduleBodies } from './bodies/schedules.ts';
import { storageBodies } from './bodies/storage.ts';
import type { Registry } from './provision.ts';
import type { Places, StackModel } from './stack-model.ts';

/** @returns bodies that write what they are asked for into the model. */
export function createRegistry(model: StackModel, places: Places): Registry {
  return new Map(
    Object.entries({
      ...inertBodies(),
      ...queueBodies(model, places),
      ...functionBodies(model),
      ...roleBodies(model),
      ...busBodies(model),
      ...storageBodies(model, places),
      ...scheduleBodies(model),
      ...httpApiBodies(model, places),
      ...customResourceBodies(model),
    }),
  );
}
