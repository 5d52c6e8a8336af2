/**
 * API Gateway's HTTP API on this machine, payload format 2.0.
 * Source: API Gateway Developer Guide, "API Gateway HTTP APIs" and "Quotas for configuring and running an HTTP API".
 */
import type { IncomingMessage } from 'node:http';
import { LOCAL_ACCOUNT, LOCAL_REGION } from '../services/service.ts';
import { type CorsConfiguration, isPreflight, preflightAnswer, withCors } from './cors.ts';
import { createEvent, newRequestId } from './event.ts';
import { type HttpRequest, readBody, readRequest } from './http-request.ts';
import { type HttpServer, startHttpServer } from './http-server.ts';
import { callFunction, type IntegrationOutcome, type Invoke } from './integration.ts';
import { type Authorize, createJwtAuthorizer, type JwtAuthorizerDefinition } from './jwt-authorizer.ts';
import { findLocalHandler, type LocalHandler } from './local-handlers.ts';
import type { HttpAnswer } from './proxy-response.ts';
import { compileRoutes, type FindRoute, type RouteMatch } from './routes.ts';

export interface RouteDefinition {
  /** `GET /v1/webhooks/{id}`, `ANY /x/{proxy+}` or `$default`. */
  readonly routeKey: string;
  readonly functionName: string;
  /** Absent: the route is open. */
  readonly authorizer?: JwtAuthorizerDefinition;
  readonly authorizationScopes?: readonly string[];
}

export interface HttpApiConfiguration {
  readonly routes: readonly RouteDefinition[];
  readonly cors?: CorsConfiguration;
  /**
   * May the API invoke the function? Asked with the ARN that AWS uses: `arn:aws:execute-api:…:<api>/$default/GET/path`.
   * @default yes
   */
  readonly canInvoke?: (functionName: string, sourceArn: string) => boolean;
}

export interface HttpApiProps {
  readonly invoke: Invoke;
  /** @default 0, a free one */
  readonly port?: number;
  /** @default `local` */
  readonly apiId?: string;
  /** Paths (and all below them) that the engine answers itself, before any route. */
  readonly localHandlers?: Readonly<Record<string, LocalHandler>>;
  /** Absent: everything but the local handlers is 503 until `configure` is called. */
  readonly configuration?: HttpApiConfiguration;
  /** @default 30_000, which is the most that an HTTP API waits */
  readonly integrationTimeoutMs?: number;
}

export interface HttpApi extends HttpServer {
  /** Puts routes in place of those before: the URL is known, and the port held, before the stack is up. */
  configure(configuration: HttpApiConfiguration): void;
}

interface Configured {
  readonly find: FindRoute<RouteDefinition>;
  readonly source: HttpApiConfiguration;
  readonly authorizers: ReadonlyMap<JwtAuthorizerDefinition, Authorize>;
}

// "Total combined size of request line and header values: 10,240 bytes", "Payload size: 10 MB".
const MOST_HEAD_BYTES = 10_240;
const MOST_BODY_BYTES = 10 * 1024 * 1024;
const INTEGRATION_TIMEOUT_MS = 30_000;
// Above our own limit, so that it is we who answer.
const NODE_HEADER_BYTES = 128 * 1024;

/** @throws EADDRINUSE when the port is taken; Error on a route key that API Gateway would refuse. */
export async function startHttpApi(props: HttpApiProps): Promise<HttpApi> {
  let configured = props.configuration && configureRoutes(props.configuration);
  const server = await startHttpServer({
    port: props.port ?? 0,
    maxHeaderBytes: NODE_HEADER_BYTES,
    answer: (message, port) => {
      const request = readRequest(message);
      return answerRequest({ ...props, message, request, port, requestId: newRequestId(), configured });
    },
  });
  return {
    ...server,
    configure: (configuration) => {
      configured = configureRoutes(configuration);
    },
  };
}

function configureRoutes(source: HttpApiConfiguration): Configured {
  const authorizers = new Map<JwtAuthorizerDefinition, Authorize>();
  const byName = new Map<string, Authorize>();
  for (const { authorizer } of source.routes) {
    if (authorizer === undefined) continue;
    // Routes that name the same issuer and audience share one cache of verified tokens.
    const name = JSON.stringify([authorizer.issuer, authorizer.audiences]);
    const authorize = byName.get(name) ?? createJwtAuthorizer(authorizer);
    byName.set(name, authorize);
    authorizers.set(authorizer, authorize);
  }
  return { find: compileRoutes(source.routes), source, authorizers };
}

interface Exchange extends HttpApiProps {
  readonly message: IncomingMessage;
  readonly request: HttpRequest;
  readonly port: number;
  readonly requestId: string;
  readonly configured: Configured | undefined;
}

async function answerRequest(exchange: Exchange): Promise<HttpAnswer | undefined> {
  const { request, configured, requestId } = exchange;
  const path = decodePath(request.rawPath);
  const local = path === undefined ? undefined : findLocalHandler(exchange.localHandlers ?? {}, path);
  if (path !== undefined && local !== undefined) return answerLocally(exchange, local, path);

  const cors = configured?.source.cors;
  if (cors !== undefined && isPreflight(request.method, request.headers)) return preflightAnswer(cors, request.headers);
  const answer = await answerRoute(exchange, path);
  if (answer === undefined) return undefined;
  const named = { ...answer, headers: { ...answer.headers, 'apigw-requestid': requestId } };
  return cors === undefined ? named : withCors(named, cors, request.headers.origin);
}

async function answerRoute(exchange: Exchange, path: string | undefined): Promise<HttpAnswer | undefined> {
  const { request, configured } = exchange;
  if (request.headBytes > MOST_HEAD_BYTES) return failure(431, 'Request Header Fields Too Large');
  if (path === undefined) return failure(400, 'Bad Request');
  if (configured === undefined) return failure(503, 'Service Unavailable');

  const match = configured.find(request.method, path);
  if (match === undefined) return failure(404, 'Not Found');
  const authorized = await authorizeRoute(configured, match.route, request);
  if (authorized.kind === 'refused') return authorized.answer;

  const read = await readBody(exchange.message, MOST_BODY_BYTES);
  if (read.kind === 'aborted') return undefined;
  if (read.kind === 'too-large') return failure(413, 'Request Entity Too Large');
  return integrate(exchange, { match, path, body: read.body, ...authorized });
}

/**
 * The path as API Gateway hands it on: decoded, `/a%2Fb` becomes `/a/b`, and cut at a decoded `?`.
 * @returns undefined for what is no percent-encoding.
 */
function decodePath(rawPath: string): string | undefined {
  if (!rawPath.includes('%')) return rawPath;
  try {
    return decodeURIComponent(rawPath).split('?', 1)[0];
  } catch {
    return undefined;
  }
}

async function answerLocally(exchange: Exchange, handler: LocalHandler, path: string): Promise<HttpAnswer | undefined> {
  const read = await readBody(exchange.message, MOST_BODY_BYTES);
  if (read.kind === 'aborted') return undefined;
  if (read.kind === 'too-large') return failure(413, 'Request Entity Too Large');
  const { method, rawQuery, headers } = exchange.request;
  return handler({ method, path, query: new URLSearchParams(rawQuery), headers, body: read.body });
}

type RouteAuthorization =
  | { readonly kind: 'open' }
  | { readonly kind: 'allowed'; readonly jwt: Extract<Awaited<ReturnType<Authorize>>, { kind: 'allowed' }>['jwt'] }
  | { readonly kind: 'refused'; readonly answer: HttpAnswer };

async function authorizeRoute(
  configured: Configured,
  route: RouteDefinition,
  request: HttpRequest,
): Promise<RouteAuthorization> {
  const authorize = route.authorizer && configured.authorizers.get(route.authorizer);
  if (authorize === undefined) return { kind: 'open' };
  const scopes = route.authorizationScopes ?? [];
  const result = await authorize(request.headers.authorization, scopes);
  if (result.kind === 'allowed') return result;
  const challenge =
    result.kind === 'unauthorized' ? 'Bearer' : `Bearer scope="${scopes.join(' ')}" error="insufficient_scope"`;
  const answer = result.kind === 'unauthorized' ? failure(401, 'Unauthorized') : failure(403, 'Forbidden');
  return { kind: 'refused', answer: { ...answer, headers: { ...answer.headers, 'www-authenticate': challenge } } };
}

type Routed = Exclude<RouteAuthorization, { kind: 'refused' }> & {
  readonly match: RouteMatch<RouteDefinition>;
  readonly path: string;
  readonly body: Buffer;
};

async function integrate(exchange: Exchange, routed: Routed): Promise<HttpAnswer> {
  const { request, apiId = 'local' } = exchange;
  const { route, pathParameters } = routed.match;
  const canInvoke = exchange.configured?.source.canInvoke;
  if (canInvoke !== undefined && !canInvoke(route.functionName, sourceArn(apiId, route.routeKey, request.method))) {
    return failure(500, 'Internal Server Error');
  }
  const outcome = await callFunction({
    invoke: exchange.invoke,
    functionName: route.functionName,
    timeoutMs: exchange.integrationTimeoutMs ?? INTEGRATION_TIMEOUT_MS,
    defaultContentType: 'text/plain; charset=utf-8',
    event: createEvent({
      request,
      body: routed.body,
      path: routed.path,
      routeKey: route.routeKey,
      requestId: exchange.requestId,
      apiId,
      domainName: `${apiId}.execute-api.${LOCAL_REGION}.amazonaws.com`,
      port: exchange.port,
      ...(pathParameters !== undefined && { pathParameters }),
      ...(routed.kind === 'allowed' && { jwt: routed.jwt }),
    }),
  });
  return toAnswer(outcome);
}

function toAnswer(outcome: IntegrationOutcome): HttpAnswer {
  if (outcome.kind === 'answered') return outcome.answer;
  if (outcome.kind === 'too-large') return failure(413, 'Request Entity Too Large');
  if (outcome.kind === 'timed-out') return failure(503, 'Service Unavailable');
  return failure(500, 'Internal Server Error');
}

function sourceArn(apiId: string, routeKey: string, method: string): string {
  const api = `arn:aws:execute-api:${LOCAL_REGION}:${LOCAL_ACCOUNT}:${apiId}/$default`;
  return routeKey === '$default' ? `${api}/$default` : `${api}/${method}${routeKey.slice(routeKey.indexOf(' ') + 1)}`;
}

/** The gateway's own answers: `{ "message" }`, which HTTP APIs cannot change. */
function failure(status: number, message: string): HttpAnswer {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify({ message }) };
}
