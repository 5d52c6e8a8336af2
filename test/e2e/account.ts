/** A tenant of a running engine, over HTTP as anybody would. */
import { setTimeout as delay } from 'node:timers/promises';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Undefined when the body is not JSON. */
  readonly json: unknown;
}

export interface Webhook {
  readonly webhookId: string;
  readonly secret: string;
  readonly publicKey?: string;
}

export interface Delivery {
  readonly deliveryId: string;
  readonly accountId: string;
  readonly webhookId: string;
  readonly eventId: string;
  readonly eventType: string;
  readonly status: string;
  readonly attemptCount: number;
  readonly lastError: string | null;
  readonly failureReason: string | null;
  readonly nextRetryAt: string | null;
  readonly deliveredAt: string | null;
}

export interface Attempt {
  readonly generation: number;
  readonly attemptNumber: number;
  readonly startedAt: string;
  readonly durationMs: number;
  readonly httpStatus: number | null;
  readonly error: string | null;
  readonly responseHeaders: readonly (readonly [string, string])[];
  readonly responseBody: string | null;
  readonly responseBodyEncoding: 'utf8' | 'base64';
}

export interface DeliveryDetail extends Delivery {
  readonly payload: unknown;
  readonly attempts: readonly Attempt[];
}

export interface Page<Item> {
  readonly data: Item[];
  readonly nextCursor: string | null;
}

export interface NewEvent {
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly eventId?: string;
  readonly occurredAt?: string;
  readonly objectType?: string;
  readonly objectId?: string;
}

export const ENDED = ['delivered', 'failed', 'dead_letter', 'cancelled'];

let accounts = 0;

export class Account {
  readonly accountId: string;
  readonly #url: string;
  readonly #token: string;

  constructor(url: string, accountId: string, token: string) {
    this.#url = url;
    this.accountId = accountId;
    this.#token = token;
  }

  /** @param accountId @default one that nobody else has */
  static async login(
    { url }: { readonly url: string },
    accountId = `account-${process.pid}-${++accounts}`,
    scope = 'events:write webhooks:admin',
  ): Promise<Account> {
    const response = await fetch(`${url}/_local/token`, { method: 'POST', body: JSON.stringify({ accountId, scope }) });
    const { access_token } = (await response.json()) as { access_token: string };
    return new Account(url, accountId, access_token);
  }

  /** @param body JSON text as it is, or what is to become JSON. */
  async request(method: string, path: string, body?: unknown): Promise<Answer> {
    const response = await fetch(this.#url + path, {
      method,
      headers: { authorization: `Bearer ${this.#token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, json: parse(text) };
  }

  /** @throws Error when the status is another than the one expected. */
  async expect<Body>(status: number, method: string, path: string, body?: unknown): Promise<Body> {
    const answer = await this.request(method, path, body);
    if (answer.status !== status) throw new Error(`${method} ${path} answered ${answer.status}: ${answer.text}`);
    return answer.json as Body;
  }

  webhook(body: Readonly<Record<string, unknown>>): Promise<Webhook> {
    return this.expect(201, 'POST', '/v1/webhooks', body);
  }

  change(webhookId: string, change: Readonly<Record<string, unknown>>): Promise<Webhook> {
    return this.expect(200, 'PUT', `/v1/webhooks/${webhookId}`, change);
  }

  /** @returns the event's id. */
  async publish(event: NewEvent | string): Promise<string> {
    return (await this.expect<{ eventId: string }>(202, 'POST', '/v1/events', event)).eventId;
  }

  delivery(deliveryId: string): Promise<DeliveryDetail> {
    return this.expect(200, 'GET', `/v1/deliveries/${deliveryId}`);
  }

  /** All pages, newest first. @param query such as `status=held` */
  async deliveries(query = ''): Promise<Delivery[]> {
    const all: Delivery[] = [];
    for (let cursor = ''; ; ) {
      const path = `/v1/deliveries?limit=100${query && `&${query}`}${cursor && `&cursor=${encodeURIComponent(cursor)}`}`;
      const page = await this.expect<Page<Delivery>>(200, 'GET', path);
      all.push(...page.data);
      if (page.nextCursor === null) return all;
      cursor = page.nextCursor;
    }
  }

  /** The only delivery there is, once it has ended. */
  async onlyEnded(timeoutMs?: number): Promise<DeliveryDetail> {
    const [only] = await this.allEnded(1, timeoutMs);
    if (only === undefined) throw new Error('unreachable: there is one');
    return this.delivery(only.deliveryId);
  }

  /** Waits until there are `count` deliveries, all of them ended. */
  allEnded(count: number, timeoutMs?: number): Promise<Delivery[]> {
    return this.until((all) => all.length === count && all.every(({ status }) => ENDED.includes(status)), timeoutMs);
  }

  /** Waits until the account's deliveries are as wanted. */
  async until(isTrue: (all: readonly Delivery[]) => boolean, timeoutMs = 20_000): Promise<Delivery[]> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const all = await this.deliveries();
      if (isTrue(all)) return all;
      if (Date.now() > deadline) throw new Error(`not so within ${timeoutMs} ms, but ${summary(all)}: ${isTrue}`);
      // Each look costs the engine a statement, and the tests' patience is not what is measured.
      await delay(100);
    }
  }
}

function summary(all: readonly Delivery[]): string {
  return all.map(({ status, attemptCount, lastError }) => `${status} after ${attemptCount} (${lastError})`).join(', ');
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
