import { randomBytes } from 'node:crypto';
import { createBus, createEventBridgeClient } from '../adapters/bus/bus.ts';
import { readEnvironment, readSettings } from '../adapters/environment/environment.ts';
import { apiHandler } from '../adapters/http-in/api-handler.ts';
import { createLog } from '../adapters/log/log.ts';
import { createMetrics } from '../adapters/metrics/metrics.ts';
import { publishRoutes } from './publish-routes.ts';

const { BUS_NAME } = readEnvironment(['BUS_NAME']);
const settings = readSettings();

export const handler = apiHandler({
  routes: publishRoutes({
    bus: createBus({ client: createEventBridgeClient(), busName: BUS_NAME }),
    randomBytes,
  }),
  accountClaim: settings.accountClaim,
  log: createLog({ source: 'Publish' }),
  metrics: createMetrics({ stage: settings.stage }),
  now: Date.now,
});
