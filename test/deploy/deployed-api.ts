/** Tidegate's API as deployed. */
import { randomUUID } from 'node:crypto';
import { Account, type Answer } from '../e2e/account.ts';
import type { Outputs } from './deployment.ts';
import type { Scene } from './scene.ts';
import { VERSION_HEADER } from './source-tree.ts';

const AUDIENCE = 'tidegate';
const CLAIM = 'account_id';

export class DeployedApi {
  readonly url: string;
  readonly #scene: Scene;

  constructor(scene: Scene, outputs: Outputs) {
    // By the name of the API itself the emulator cannot be reached: it is no host that this machine resolves.
    const apiId = new URL(outputs.ApiUrl ?? '').hostname.split('.')[0];
    this.url = `${scene.emulator.url}/_aws/execute-api/${apiId}/$default`;
    this.#scene = scene;
  }

  /** A tenant that nobody else is. */
  async login(): Promise<Account> {
    const accountId = `account-${randomUUID()}`;
    return new Account(this.url, accountId, await this.mint(accountId));
  }

  /** A token of the issuer that the stack trusts. */
  mint(accountId: string, audience = AUDIENCE): Promise<string> {
    const scope = 'events:write webhooks:admin';
    return this.#scene.tokens.issuer.mintToken({ accountId, claimName: CLAIM, audience, scope });
  }

  /** Asks with a token, or with none. */
  ask(path: string, token?: string): Promise<Answer> {
    return token === undefined
      ? anonymous(`${this.url}${path}`)
      : new Account(this.url, 'anybody', token).request('GET', path);
  }

  /** The version that /health was marked with; undefined for an unmarked one. @throws Error unless it is up. */
  async version(): Promise<string | undefined> {
    const { status, headers, text } = await this.ask('/health');
    if (status !== 200) throw new Error(`/health answered ${status}: ${text}`);
    return headers.get(VERSION_HEADER) ?? undefined;
  }
}

async function anonymous(url: string): Promise<Answer> {
  const response = await fetch(url);
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, json: JSON.parse(text) };
}
