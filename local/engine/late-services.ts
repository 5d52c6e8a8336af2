/**
 * Services that get their body later: queue URLs hold the server's port, so the server must listen before the template,
 * which says what the services are, can be read.
 */
import type { Authorizer } from '../services/authorizer.ts';
import { jsonError } from '../services/json-response.ts';
import { type LocalService, ServiceError, type ServiceName } from '../services/service.ts';

export const SERVICE_NAMES = ['sqs', 'events', 'kms', 's3', 'secretsmanager', 'lambda', 'rds', 'rds-data'] as const;

export interface LateServices {
  readonly services: readonly LocalService[];
  readonly authorizer: Authorizer;
  /** Gives them their bodies; before, every call is ServiceUnavailable (503). */
  bind(services: readonly LocalService[], authorizer: Authorizer): void;
}

export function createLateServices(names: readonly ServiceName[]): LateServices {
  const bodies = new Map<ServiceName, LocalService>();
  let bound: Authorizer | undefined;
  const bodyOf = (name: ServiceName): LocalService => {
    const body = bodies.get(name);
    if (body === undefined) throw new ServiceError('ServiceUnavailable', `${name} is not up yet`, 503);
    return body;
  };
  const authorize = (...decision: Parameters<Authorizer>): void => {
    if (bound === undefined) throw new ServiceError('ServiceUnavailable', 'the stack is not up yet', 503);
    bound(...decision);
  };
  return {
    services: names.map((name) => ({
      name,
      handle: (request) => bodyOf(name).handle(request),
      writeError: (error) => bodies.get(name)?.writeError?.(error) ?? jsonError(error),
    })),
    authorizer: Object.assign(authorize, { seen: () => bound?.seen() ?? [] }),
    bind(services, authorizer) {
      for (const service of services) bodies.set(service.name, service);
      bound = authorizer;
    },
  };
}
