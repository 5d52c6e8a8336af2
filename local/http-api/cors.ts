/** Source: API Gateway Developer Guide, "Configure CORS for HTTP APIs". */
import type { HttpAnswer } from './proxy-response.ts';

/** CorsConfiguration of AWS::ApiGatewayV2::Api. */
export interface CorsConfiguration {
  /** Origins, `*`, or all of one scheme (`https://*`). */
  readonly allowOrigins?: readonly string[];
  readonly allowMethods?: readonly string[];
  readonly allowHeaders?: readonly string[];
  readonly exposeHeaders?: readonly string[];
  readonly allowCredentials?: boolean;
  readonly maxAgeSeconds?: number;
}

type Headers = Readonly<Record<string, string>>;

export function isPreflight(method: string, headers: Headers): boolean {
  return method === 'OPTIONS' && headers.origin !== undefined && headers['access-control-request-method'] !== undefined;
}

/** The gateway answers a preflight by itself, route or no route: 204, without CORS headers for a foreign origin. */
export function preflightAnswer(cors: CorsConfiguration, headers: Headers): HttpAnswer {
  const origin = allowedOrigin(cors, headers.origin);
  if (origin === undefined) return { status: 204, headers: {}, body: '' };
  return {
    status: 204,
    headers: {
      ...originHeaders(cors, origin),
      ...list('access-control-allow-methods', cors.allowMethods),
      ...list('access-control-allow-headers', cors.allowHeaders),
      ...(cors.maxAgeSeconds !== undefined && { 'access-control-max-age': String(cors.maxAgeSeconds) }),
    },
    body: '',
  };
}

/** Adds the configured headers; CORS headers that the function itself wrote are ignored. */
export function withCors(answer: HttpAnswer, cors: CorsConfiguration, requestOrigin: string | undefined): HttpAnswer {
  const own = Object.entries(answer.headers).filter(([name]) => !name.startsWith('access-control-'));
  const origin = allowedOrigin(cors, requestOrigin);
  const added = origin && {
    ...originHeaders(cors, origin),
    ...list('access-control-expose-headers', cors.exposeHeaders),
  };
  return { ...answer, headers: { ...Object.fromEntries(own), ...added } };
}

function allowedOrigin(cors: CorsConfiguration, origin: string | undefined): string | undefined {
  if (origin === undefined) return undefined;
  const allowed = cors.allowOrigins ?? [];
  if (allowed.includes('*')) return '*';
  const isAllowed = allowed.some(
    (candidate) => candidate === origin || (candidate.endsWith('://*') && origin.startsWith(candidate.slice(0, -1))),
  );
  return isAllowed ? origin : undefined;
}

function originHeaders(cors: CorsConfiguration, origin: string): Record<string, string> {
  return {
    'access-control-allow-origin': origin,
    ...(origin !== '*' && { vary: 'origin' }),
    ...(cors.allowCredentials === true && { 'access-control-allow-credentials': 'true' }),
  };
}

function list(name: string, values: readonly string[] | undefined): Record<string, string> {
  return values === undefined || values.length === 0 ? {} : { [name]: values.join(',') };
}
