/** An OIDC issuer that is as wrong as a test wants it. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';

export interface StubIssuerProps {
  /** What the document calls it. @default its URL */
  readonly issuer?: string;
  /** Status of the document. @default 200 */
  readonly status?: number;
  /** Before each answer. @default 0 */
  readonly delayMs?: number;
  /** @default its RS256 key */
  readonly keys?: readonly JWK[];
}

export interface StubIssuer {
  readonly url: string;
  /** Signed with its RS256 key; `iss` is its URL, unless the claims say something else. */
  mint(claims: Readonly<Record<string, unknown>>): Promise<string>;
  stop(): Promise<void>;
}

export async function startStubIssuer(props: StubIssuerProps = {}): Promise<StubIssuer> {
  const { privateKey, publicKey } = await generateKeyPair('RS256');
  const keys = props.keys ?? [{ ...(await exportJWK(publicKey)), kid: 'one', alg: 'RS256', use: 'sig' }];
  const server = createServer((request, response) => {
    void delay(props.delayMs ?? 0).then(() => answer(request, response));
  });
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const isDocument = request.url === '/.well-known/openid-configuration';
    response.writeHead(isDocument ? (props.status ?? 200) : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(isDocument ? { issuer: props.issuer ?? url, jwks_uri: `${url}/keys` } : { keys }));
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    mint: (claims) =>
      new SignJWT({ iss: url, ...claims }).setProtectedHeader({ alg: 'RS256', kid: 'one' }).sign(privateKey),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
