/** An OIDC issuer on a port of its own, whose discovery document the deployed authorizer reads. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Issuer, openIssuer } from '../../local/issuer/issuer.ts';

export interface TokenIssuer {
  readonly issuer: Issuer;
  stop(): Promise<void>;
}

/** @param folder keeps its key. */
export async function startTokenIssuer(folder: string): Promise<TokenIssuer> {
  let documents: Readonly<Record<string, string>> = {};
  const server = createServer((request, response) => {
    const text = documents[request.url ?? ''];
    if (text === undefined) response.writeHead(404).end();
    else response.writeHead(200, { 'content-type': 'application/json' }).end(text);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const issuer = await openIssuer({ folder, url: `http://127.0.0.1:${port}` });
  documents = issuer.documents;
  return {
    issuer,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
