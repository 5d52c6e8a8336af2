import type { MigrationBundle } from '../domain/migrations/bundle.ts';
import generated from './generated/migrations.json' with { type: 'json' };

/** The migrations that this build of the stack carries. */
export const BUNDLE: MigrationBundle = generated;
