/** The few calls that the demo makes, as any customer of the API would make them. */
export class TidegateClient {
  readonly #url: string;
  readonly #token: string;

  constructor(url: string, token: string) {
    this.#url = url;
    this.#token = token;
  }

  /** A token of the local engine's own issuer. */
  static async login(url: string, accountId: string, scope: string): Promise<TidegateClient> {
    const response = await fetch(`${url}/_local/token`, { method: 'POST', body: JSON.stringify({ accountId, scope }) });
    const { access_token } = (await response.json()) as { access_token: string };
    return new TidegateClient(url, access_token);
  }

  /** @throws Error with the API's own code and message when it refuses. */
  async call<Answer>(method: string, path: string, body?: unknown): Promise<Answer> {
    const response = await fetch(this.#url + path, {
      method,
      headers: { authorization: `Bearer ${this.#token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text}`);
    return (text === '' ? undefined : JSON.parse(text)) as Answer;
  }

  /** Every item of a list, page by page. */
  async *list<Item>(path: string): AsyncGenerator<Item> {
    const separator = path.includes('?') ? '&' : '?';
    for (let cursor = ''; ; ) {
      const page = await this.call<{ data: Item[]; nextCursor: string | null }>(
        'GET',
        `${path}${separator}limit=100${cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`}`,
      );
      yield* page.data;
      if (page.nextCursor === null) return;
      cursor = page.nextCursor;
    }
  }
}
