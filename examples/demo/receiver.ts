import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';

/** How a receiver answers: always 200, 500 to the first attempts of each delivery, or 500 for ever. */
export type Temper = 'healthy' | 'fails-at-first' | 'fails-for-good';

/** Attempts of each delivery that a receiver which fails at first refuses. */
const REFUSED_AT_FIRST = 2;

/** A customer's endpoint: verifies every request with the stock library before it believes a word of it. */
export class Receiver {
  readonly temper: Temper;
  /** Requests by delivery id. */
  readonly attempts = new Map<string, number>();
  /** Event ids of what it answered 200, by delivery id. */
  readonly accepted = new Map<string, string>();
  badSignatures = 0;
  readonly #server: Server;
  #verifier: Webhook | undefined;

  constructor(temper: Temper) {
    this.temper = temper;
    this.#server = createServer((request, response) => {
      this.#answer(request).then(
        (status) => response.writeHead(status).end(),
        () => response.writeHead(500).end(),
      );
    });
  }

  /** @returns the URL to register. */
  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/hook`;
  }

  /** The secret that the registration answered with, once. */
  trust(secret: string): void {
    this.#verifier = new Webhook(secret);
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage): Promise<number> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const deliveryId = String(request.headers['webhook-id']);
    const event = this.#verified(Buffer.concat(chunks), request);
    if (event === undefined) {
      this.badSignatures += 1;
      return 401;
    }
    const attempt = (this.attempts.get(deliveryId) ?? 0) + 1;
    this.attempts.set(deliveryId, attempt);
    if (this.temper === 'fails-for-good' || (this.temper === 'fails-at-first' && attempt <= REFUSED_AT_FIRST))
      return 500;
    this.accepted.set(deliveryId, event.id);
    return 200;
  }

  #verified(body: Buffer, request: IncomingMessage): { id: string } | undefined {
    try {
      return this.#verifier?.verify(body, request.headers as Record<string, string>) as { id: string } | undefined;
    } catch {
      return undefined;
    }
  }
}
