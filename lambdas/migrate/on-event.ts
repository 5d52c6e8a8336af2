import type { MigrationBundle } from '../domain/migrations/bundle.ts';
import type { MigrationDatabase } from './migration-database.ts';
import { type RunTime, runTime } from './run-time.ts';
import type { SchemaState } from './schema-state.ts';
import { migrateUp } from './up.ts';

/**
 * What CDK's provider framework passes on of CloudFormation's request. It answers CloudFormation itself, also when this
 * function times out or cannot even load; a function that answers by itself leaves the stack waiting for an hour then
 * (CloudFormation, custom resource response: 1 hour). Source: aws-cdk-lib custom_resources.Provider.
 */
export interface CustomResourceEvent {
  readonly RequestType: 'Create' | 'Update' | 'Delete';
}

export interface CustomResourceAnswer {
  readonly PhysicalResourceId: string;
  /** Attributes of the resource: `Fn::GetAtt Schema.SchemaVersion`. */
  readonly Data?: { readonly SchemaVersion: string; readonly AppliedFiles: number };
}

export interface OnEventProps {
  readonly bundle: MigrationBundle;
  readonly database: (time: RunTime) => MigrationDatabase;
  readonly readServicePassword: () => Promise<string>;
  readonly writeState: (state: SchemaState) => Promise<void>;
  readonly log: (level: 'info' | 'warn', what: string, fields: Readonly<Record<string, unknown>>) => void;
}

/** Constant: another id would have CloudFormation delete the resource with the old one after each update. */
export const PHYSICAL_ID = 'tidegate-schema';

/** Left of the function's time for what follows the migrations: the state object, and the answer itself. */
const RESERVED_MS = 15_000;

/**
 * Migrates on Create and Update. An update that is rolled back comes with an older bundle than the history: it succeeds,
 * with a warning, or the stack would stick in UPDATE_ROLLBACK_FAILED. Delete keeps the data, so it has nothing to do.
 * @throws MigrationError, DatabaseFault, SchemaStateError, ServiceSecretError: the message is on the user's screen.
 */
export async function onEvent(
  props: OnEventProps,
  event: CustomResourceEvent,
  remainingMs: number,
): Promise<CustomResourceAnswer> {
  if (event.RequestType === 'Delete') return { PhysicalResourceId: PHYSICAL_ID };
  const time = runTime(remainingMs - RESERVED_MS);
  const result = await migrateUp({
    session: {
      database: props.database(time),
      time,
      onRetry: ({ code, sqlState }, waitMs) => props.log('warn', 'migration waits', { code, sqlState, waitMs }),
    },
    bundle: props.bundle,
    servicePassword: await props.readServicePassword(),
    onApplied: ({ script, durationMs }) =>
      props.log('info', 'migration applied', { script, durationMs: Math.round(durationMs) }),
  });
  for (const warning of result.warnings) props.log('warn', warning, { version: result.version });
  await props.writeState({ version: result.version, migratedAt: new Date().toISOString() });
  return {
    PhysicalResourceId: PHYSICAL_ID,
    Data: { SchemaVersion: result.version ?? 'none', AppliedFiles: result.applied.length },
  };
}
