/** One condition of being ready, in words that an operator can act on. */
export interface Check {
  readonly ok: boolean;
  readonly detail: string;
}

export interface Readiness {
  readonly isReady: boolean;
  readonly checks: Readonly<Record<'database' | 'migrations' | 'consumers', Check>>;
}

export interface ReadinessProbes {
  /** Status of the cluster as RDS tells it (`available`, `stopped`, …): asking wakes nothing. */
  readonly clusterStatus: () => Promise<string>;
  /** Newest version in force, as the migrations wrote it to the control bucket; undefined before the first. */
  readonly schemaVersion: () => Promise<string | undefined>;
  /** State of each event source mapping (`Enabled`, `Disabled`, …). */
  readonly mappingStates: () => Promise<readonly string[]>;
  /** The newest version that this build of the stack carries. */
  readonly schemaHead: string;
}

/** Asks everything at once; a probe that fails is a check that failed, never an error of the whole. */
export async function readReadiness(probes: ReadinessProbes): Promise<Readiness> {
  const [database, migrations, consumers] = await Promise.all([
    checked(async () => databaseCheck(await probes.clusterStatus())),
    checked(async () => migrationsCheck(await probes.schemaVersion(), probes.schemaHead)),
    checked(async () => consumersCheck(await probes.mappingStates())),
  ]);
  const checks = { database, migrations, consumers };
  return { isReady: Object.values(checks).every(({ ok }) => ok), checks };
}

/** @returns the check, or a failed one naming what could not be asked. */
export async function checked(probe: () => Promise<Check>): Promise<Check> {
  try {
    return await probe();
  } catch (error) {
    return { ok: false, detail: `could not be asked (${error instanceof Error ? error.name : 'unknown error'})` };
  }
}

/** States in which a cluster answers, or will once it is woken. Source: Aurora User Guide, "DB cluster status". */
const ANSWERING = new Set(['available', 'backing-up', 'maintenance', 'modifying', 'upgrading', 'renaming']);

function databaseCheck(status: string): Check {
  return { ok: ANSWERING.has(status), detail: status };
}

/** A newer schema than the build's is fine: migrations are additive, and a rollback of the functions leaves it so. */
export function migrationsCheck(version: string | undefined, head: string): Check {
  if (version === undefined) return { ok: false, detail: 'no migration has run' };
  return { ok: Number(version) >= Number(head), detail: `at version ${version} of ${head}` };
}

function consumersCheck(states: readonly string[]): Check {
  const off = states.filter((state) => state !== 'Enabled' && state !== 'Enabling' && state !== 'Updating');
  return {
    ok: off.length === 0,
    detail: off.length === 0 ? 'enabled' : `${off.length} of ${states.length} not enabled`,
  };
}
