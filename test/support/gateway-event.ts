/** Requests as API Gateway hands them to a function: payload format 2.0. */
import type { GatewayEvent } from '../../lambdas/adapters/http-in/api-request.ts';
import { createEvent, newRequestId } from '../../local/http-api/event.ts';
import { compileRoutes } from '../../local/http-api/routes.ts';

export interface TestRequest {
  readonly method: string;
  /** Path with its query, percent-encoded as on the wire. */
  readonly target: string;
  /** Claims of the token, all text; absent: a request that no authorizer has seen. */
  readonly claims?: Readonly<Record<string, string>> | undefined;
  /** Names in lower case. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: Buffer | undefined;
}

/** @returns undefined when no route matches: the gateway's own 404. */
export type ToEvent = (request: TestRequest) => GatewayEvent | undefined;

/** A gateway in front of these routes (`GET /v1/webhooks/{id}`). */
export function gatewayOf(routeKeys: readonly string[]): ToEvent {
  const findRoute = compileRoutes(routeKeys.map((routeKey) => ({ routeKey })));
  return (request) => {
    const [rawPath = '', ...query] = request.target.split('?');
    const path = decodeURIComponent(rawPath);
    const match = findRoute(request.method, path);
    if (match === undefined) return undefined;
    const event = createEvent({
      request: {
        method: request.method,
        rawPath,
        rawQuery: query.join('?'),
        headers: { 'content-type': 'application/json', ...request.headers },
        cookies: [],
        headBytes: 0,
        sourceIp: '127.0.0.1',
      },
      body: request.body ?? Buffer.alloc(0),
      path,
      routeKey: match.route.routeKey,
      requestId: newRequestId(),
      apiId: 'test',
      domainName: 'test.execute-api.us-east-1.amazonaws.com',
      port: 443,
      ...(match.pathParameters === undefined ? {} : { pathParameters: match.pathParameters }),
      ...(request.claims === undefined ? {} : { jwt: { claims: request.claims, scopes: null } }),
    });
    // By way of JSON, as every event reaches a function.
    return JSON.parse(JSON.stringify(event));
  };
}
