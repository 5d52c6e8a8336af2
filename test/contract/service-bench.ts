/** A service server for contract tests: the services under test, a folder that goes away, and client settings. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Authorizer } from '../../local/services/authorizer.ts';
import { createFaults } from '../../local/services/faults.ts';
import { type ServiceServer, startServiceServer } from '../../local/services/server.ts';
import type { LocalService, ServiceName } from '../../local/services/service.ts';

export const allowAll: Authorizer = Object.assign(() => undefined, { seen: () => [] });

export interface ClientSettings {
  readonly endpoint: string;
  readonly region: string;
  readonly maxAttempts: number;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

export interface ServiceBench {
  readonly server: ServiceServer;
  /** Defects met so far: errors that no service modelled. */
  readonly unexpected: readonly unknown[];
  client(name: ServiceName, principal?: string): ClientSettings;
  close(): Promise<void>;
}

export async function startServiceBench(
  services: readonly LocalService[],
  authorizer: Authorizer = allowAll,
): Promise<ServiceBench> {
  const unexpected: unknown[] = [];
  const server = await startServiceServer({
    services,
    authorizer,
    faults: createFaults(),
    onUnexpected: (error) => unexpected.push(error),
  });
  return {
    server,
    unexpected,
    client: (name, principal = 'operator') => ({
      endpoint: `${server.url}/${name}`,
      region: 'us-east-1',
      maxAttempts: 1,
      credentials: { accessKeyId: principal, secretAccessKey: 'x' },
    }),
    close: () => server.close(),
  };
}

export interface TemporaryFolder {
  readonly path: string;
  remove(): void;
}

export function temporaryFolder(): TemporaryFolder {
  const path = mkdtempSync(join(tmpdir(), 'tidegate-test-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}
