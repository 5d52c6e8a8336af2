import { TidegateClient } from '../examples/demo/tidegate-client.ts';

/** Webhooks of the one account, each with a type of its own: every event goes to exactly one of them. */
export const WEBHOOKS = 10;
const PAYLOAD_BYTES = 2_048;

/** Registers ten webhooks at the sink and answers a token that may publish. */
export async function registerWebhooks(engineUrl: string, sinkUrl: string): Promise<string> {
  const response = await fetch(`${engineUrl}/_local/token`, {
    method: 'POST',
    body: JSON.stringify({ accountId: `bench-${Date.now().toString(36)}`, scope: 'events:write' }),
  });
  const { access_token } = (await response.json()) as { access_token: string };
  const client = new TidegateClient(engineUrl, access_token);
  for (let i = 0; i < WEBHOOKS; i++) {
    await client.call('POST', '/v1/webhooks', { url: `${sinkUrl}/${i}`, events: [eventType(i)] });
  }
  return access_token;
}

export function eventType(index: number): string {
  return `bench.w${index % WEBHOOKS}`;
}

/** A body of 2 KB; with `sentAt` (Unix ms) the sink measures how long it was under way. */
export function eventBody(index: number, sentAt?: number): string {
  const head = `{"type":"${eventType(index)}","data":{${sentAt === undefined ? '' : `"sentAt":${sentAt},`}"filler":"`;
  return `${head}${'x'.repeat(PAYLOAD_BYTES - head.length - 3)}"}}`;
}
