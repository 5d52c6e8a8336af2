import { createControlBucket } from '../../lambdas/adapters/control-bucket/control-bucket.ts';
import { migrationsCheck } from '../../lambdas/health/readiness.ts';
import { schemaVersionFrom } from '../../lambdas/health/schema-state.ts';
import { selectSchemaVersion } from '../../lambdas/health/schema-version.ts';
import { SCHEMA_STATE_KEY } from '../../lambdas/migrate/schema-state.ts';
import { type ChecklistItem, fail, pass } from './item.ts';
import type { Site } from './site.ts';

/** An Aurora that slept for a day takes longer than its usual 15 s (Aurora User Guide, "auto-pause"). */
export const RESUME_WAIT = { resumeWaitMs: 60_000 } as const;

export const schema: ChecklistItem = {
  name: 'schema',
  title: 'the schema is at the head of the migrations, and the control bucket says so',

  async check(site) {
    const [inBucket, inDatabase] = await Promise.all([stateOf(site), versionOf(site)]);
    const { ok, detail } = migrationsCheck(inDatabase, site.deployed.schemaHead);
    const fix = site.tidegateCommand('migrate up');
    if (!ok) return fail(`the database is behind: ${detail}`, fix);
    if (inBucket === inDatabase) return pass(detail);
    return fail(
      `${SCHEMA_STATE_KEY} says ${inBucket ?? 'nothing'}, the database is at ${inDatabase}: /ready is misled`,
      fix,
    );
  },

  fixWhenUnanswered: (site) =>
    `see service-login and control-bucket; when nothing has migrated yet: ${site.tidegateCommand('migrate up')}`,
};

async function stateOf({ aws, output }: Site): Promise<string | undefined> {
  const bucket = createControlBucket({ client: aws.s3, bucket: output('ControlBucketName') });
  return schemaVersionFrom(await bucket.readText(SCHEMA_STATE_KEY));
}

async function versionOf({ database }: Site): Promise<string | undefined> {
  const [row] = await database.query(selectSchemaVersion, {}, RESUME_WAIT);
  return row?.version ?? undefined;
}
