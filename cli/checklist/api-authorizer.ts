import { z } from 'zod';
import { API_TIMEOUT_MS } from './api-health.ts';
import { fetchJson, type HttpAnswer } from './fetch-json.ts';
import { type ChecklistItem, type Finding, fail, pass } from './item.ts';

const bodySchema = z.object({ message: z.string() });

/** What the gateway itself makes of callers; the one check that sees what it sees. */
export const apiAuthorizer: ChecklistItem = {
  name: 'api-authorizer',
  title: 'the API lets in who has a token, and nobody else',

  async check({ output, token, deployed }) {
    const url = `${output('ApiUrl')}/v1/webhooks?limit=1`;
    const stranger = await fetchJson(url, { timeoutMs: API_TIMEOUT_MS });
    if (stranger.status !== 401) {
      return fail(
        `${url} answered ${stranger.status} to a caller without a token`,
        'a route has lost its JWT authorizer: deploy the stack again, and undo what was changed by hand in API Gateway',
      );
    }
    if (token === undefined) return pass('401 without a token; not tried with one (--token)');
    const headers = { authorization: `Bearer ${token}` };
    return judge(await fetchJson(url, { timeoutMs: API_TIMEOUT_MS, headers }), deployed.accountClaim);
  },

  fixWhenUnanswered: () => 'see api-health',
};

function judge(answer: HttpAnswer, accountClaim: string): Finding {
  const reason = reasonOf(answer);
  switch (answer.status) {
    case 200:
      return pass('401 without a token, 200 with the given one');
    case 401:
      return fail(`the gateway refuses the token: ${reason}`, 'see token, issuer and issuer-keys');
    case 403:
      return fail(
        `the token is valid, but not enough: ${reason}`,
        `put the account into the claim ${accountClaim}, see token`,
      );
    default:
      return fail(`${answer.status} with the given token: ${reason}`, 'see api-ready');
  }
}

/** The gateway says why in a header. Source: API Gateway Developer Guide, "Troubleshooting JWT authorizers". */
function reasonOf({ headers, json, status }: HttpAnswer): string {
  const [, description] = /error_description="([^"]+)"/.exec(headers.get('www-authenticate') ?? '') ?? [];
  return description ?? bodySchema.safeParse(json).data?.message ?? `status ${status}`;
}
