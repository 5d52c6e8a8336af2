import { z } from 'zod';
import { fetchJson } from './fetch-json.ts';
import { type ChecklistItem, fail, pass } from './item.ts';

/** A cold start, and the gateway's own limit of 30 s is far. */
export const API_TIMEOUT_MS = 15_000;

const healthy = z.object({ status: z.literal('ok') });

export const apiHealth: ChecklistItem = {
  name: 'api-health',
  title: 'the API answers',

  async check({ output, awsCommand }) {
    const url = `${output('ApiUrl')}/health`;
    const { status, json, tookMs } = await fetchJson(url, { timeoutMs: API_TIMEOUT_MS });
    if (status === 200 && healthy.safeParse(json).success) return pass(`${url} answered in ${tookMs} ms`);
    return fail(
      `${url} answered ${status}`,
      `look at the logs of the Health function, and whether it can start: ${awsCommand('lambda', 'invoke --function-name <Health> /dev/stdout')}`,
    );
  },

  fixWhenUnanswered: () =>
    'is ApiUrl reachable from here (proxy, DNS)? A stack whose deploy failed half-way has no API: deploy it again',
};
