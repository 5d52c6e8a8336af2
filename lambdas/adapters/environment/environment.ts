import { type Settings, settingsSchema } from '../../domain/configuration/settings.ts';

/** The one reader of process.env. Every other module is given what it needs. */

export type VariableName =
  | 'SETTINGS'
  | 'JWT_ISSUER'
  | 'DATABASE_CLUSTER_ARN'
  | 'DATABASE_SECRET_ARN'
  | 'DATABASE_NAME'
  | 'SERVICE_SECRET_ARN'
  | 'DELIVERIES_QUEUE_URL'
  | 'RETRIES_QUEUE_URL'
  | 'DEAD_LETTERS_QUEUE_URL'
  | 'BUS_NAME'
  | 'KEY_ARN'
  | 'CONTROL_BUCKET'
  | 'EVENT_SOURCE_MAPPING_IDS'
  | 'SCHEMA_HEAD';

/** Thrown at cold start, naming everything that is wrong at once: one deploy fixes it, not one a variable. */
export class EnvironmentError extends Error {
  readonly code = 'INVALID_ENVIRONMENT';
  constructor(problems: readonly string[]) {
    super(`The function's environment is not valid: ${problems.join('; ')}`);
    this.name = 'EnvironmentError';
  }
}

/**
 * @param names of the variables that a function needs.
 * @throws EnvironmentError naming all that are missing or empty.
 */
export function readEnvironment<Name extends VariableName>(names: readonly Name[]): Readonly<Record<Name, string>> {
  const missing = names.filter((name) => !process.env[name]);
  if (missing.length > 0) throw new EnvironmentError(missing.map((name) => `${name} is missing`));
  const values = names.map((name) => [name, process.env[name]]);
  return Object.fromEntries(values) as Record<Name, string>;
}

/**
 * The stack's context as far as functions need it, from the variable SETTINGS.
 * @throws EnvironmentError naming every missing or malformed setting.
 */
export function readSettings(): Settings {
  const { SETTINGS } = readEnvironment(['SETTINGS']);
  const result = settingsSchema.safeParse(parseJson(SETTINGS));
  if (result.success) return result.data;
  throw new EnvironmentError(result.error.issues.map((issue) => `SETTINGS.${issue.path.join('.')}: ${issue.message}`));
}

/**
 * Which targets may be called. `loopback-allowed` comes from the local engine and the deploy test's emulator alone: no
 * template may set the variable, so a deployed stack always has `public`.
 */
export type EgressRule = 'public' | 'loopback-allowed';

export function readEgressRule(): EgressRule {
  return process.env.TIDEGATE_EGRESS === 'loopback-allowed' ? 'loopback-allowed' : 'public';
}

/** Host names (with port, if not 443) under which this stack itself answers; none of them may be a target. */
export function readOwnHosts(): readonly string[] {
  const hosts = process.env.OWN_HOSTS?.split(',').map((host) => host.trim().toLowerCase());
  return hosts?.filter((host) => host !== '') ?? [];
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
