import { z } from 'zod';
import { API_TIMEOUT_MS } from './api-health.ts';
import { fetchJson } from './fetch-json.ts';
import { type ChecklistItem, fail, pass } from './item.ts';
import type { Site } from './site.ts';

const readinessSchema = z.object({
  maintenance: z.boolean().optional(),
  checks: z.record(z.string(), z.object({ ok: z.boolean(), detail: z.string() })),
});
type Readiness = z.output<typeof readinessSchema>;

export const apiReady: ChecklistItem = {
  name: 'api-ready',
  title: 'the stack calls itself ready',

  async check(site) {
    const url = `${site.output('ApiUrl')}/ready`;
    const { status, json } = await fetchJson(url, { timeoutMs: API_TIMEOUT_MS });
    const readiness = readinessSchema.safeParse(json).data;
    if (readiness === undefined) return fail(`${url} answered ${status}`, 'see api-health');
    if (status === 200) return pass(`${inWords(readiness)}${readiness.maintenance === true ? '; in maintenance' : ''}`);
    return fail(
      `${status}: ${inWords(readiness)}`,
      `${fixesOf(readiness, site).join('; ')} (it looks again after 60 s, and told what it saw last)`,
    );
  },

  fixWhenUnanswered: () => 'see api-health',
};

function inWords({ checks }: Readiness): string {
  return Object.entries(checks)
    .map(([name, { detail }]) => `${name} ${detail}`)
    .join(', ');
}

function fixesOf({ checks }: Readiness, site: Site): readonly string[] {
  const fixes: Readonly<Record<string, string>> = {
    database: `start the cluster: ${site.awsCommand('rds', `start-db-cluster --db-cluster-identifier ${site.output('ClusterArn').split(':').at(-1)}`)}`,
    migrations: site.tidegateCommand('migrate up'),
    consumers: 'see event-source-mappings',
  };
  return Object.entries(checks)
    .filter(([, { ok }]) => !ok)
    .map(([name]) => fixes[name] ?? `see ${name} in docs/deploy.md`);
}
