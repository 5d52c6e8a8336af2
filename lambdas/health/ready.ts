import type { Database } from '../adapters/database/database.ts';
import type { ApiRequest } from '../adapters/http-in/api-request.ts';
import type { ApiResponse } from '../adapters/http-in/api-response.ts';
import { invalidField } from '../domain/api-error/api-error.ts';
import { checked, migrationsCheck, type Readiness, type ReadinessProbes, readReadiness } from './readiness.ts';
import { readSchemaVersion } from './schema-version.ts';

export interface ReadyContext {
  readonly probes: ReadinessProbes;
  readonly database: Database;
  /** @throws ApiError unless the header carries an administrator's token. */
  readonly requireAdmin: (authorization: string | undefined) => Promise<void>;
  readonly now: () => number;
}

/** Probes come from load balancers and monitors, several a second: they share one look. Source: design section 3. */
const CACHE_MS = 60_000;
const RETRY_AFTER = { 'retry-after': '60' };

/** GET /ready, and GET /ready?deep for administrators, which asks the database itself. */
export function readyOperation(context: ReadyContext): (request: ApiRequest) => Promise<ApiResponse> {
  let cached: { readonly readiness: Promise<Readiness>; readonly until: number } | undefined;
  return async ({ query, headers }) => {
    for (const key of Object.keys(query)) if (key !== 'deep') throw invalidField(key, `unknown field: ${key}`);
    if ('deep' in query) {
      await context.requireAdmin(headers.authorization);
      return answer(await deepReadiness(context));
    }
    if (cached === undefined || context.now() >= cached.until) {
      cached = { readiness: readReadiness(context.probes), until: context.now() + CACHE_MS };
    }
    return answer(await cached.readiness);
  };
}

async function deepReadiness({ probes, database }: ReadyContext): Promise<Readiness> {
  const [readiness, check] = await Promise.all([
    readReadiness(probes),
    checked(async () => migrationsCheck(await readSchemaVersion(database), probes.schemaHead)),
  ]);
  const database_ = check.ok ? { ok: true, detail: 'answers' } : check;
  const checks = { ...readiness.checks, database: database_ };
  return { isReady: Object.values(checks).every(({ ok }) => ok), checks };
}

function answer({ isReady, checks }: Readiness): ApiResponse {
  if (isReady) return { status: 200, body: { status: 'ready', maintenance: false, checks } };
  const failed = Object.entries(checks).filter(([, { ok }]) => !ok);
  const message = `not ready: ${failed.map(([name, { detail }]) => `${name} ${detail}`).join('; ')}`;
  return { status: 503, headers: RETRY_AFTER, body: { error: 'UNAVAILABLE', message, checks } };
}
