/** The CDK app: what `cdk synth`, `cdk deploy` and the local engine run. */
import { reportMistake, synthesize } from '../lib/tidegate-app.ts';
import { buildMigrations } from '../scripts/build-migrations.ts';

await buildMigrations().then(synthesize).catch(reportMistake);
