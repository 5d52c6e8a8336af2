/**
 * Events of payload format 2.0, which HTTP APIs and function URLs share.
 * Source: API Gateway Developer Guide, "Create AWS Lambda proxy integrations for HTTP APIs"; Lambda Developer Guide,
 * "Invoking Lambda function URLs".
 */
import { randomBytes } from 'node:crypto';
import { LOCAL_ACCOUNT } from '../services/service.ts';
import type { HttpRequest } from './http-request.ts';

export interface JwtContext {
  /** All values as text: an array arrives as `[a b]`. */
  readonly claims: Readonly<Record<string, string>>;
  /** The scopes of the route that the token has; null on a route that asks for none. */
  readonly scopes: readonly string[] | null;
}

export interface ProxyEvent {
  readonly version: '2.0';
  readonly routeKey: string;
  readonly rawPath: string;
  readonly rawQueryString: string;
  readonly cookies?: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
  readonly queryStringParameters?: Readonly<Record<string, string>>;
  readonly pathParameters?: Readonly<Record<string, string>>;
  readonly requestContext: {
    readonly accountId: string;
    readonly apiId: string;
    readonly authorizer?: { readonly jwt: JwtContext };
    readonly domainName: string;
    readonly domainPrefix: string;
    readonly http: {
      readonly method: string;
      readonly path: string;
      readonly protocol: string;
      readonly sourceIp: string;
      readonly userAgent: string;
    };
    readonly requestId: string;
    readonly routeKey: string;
    readonly stage: '$default';
    readonly time: string;
    readonly timeEpoch: number;
  };
  readonly body?: string;
  readonly isBase64Encoded: boolean;
}

export interface EventProps {
  readonly request: HttpRequest;
  readonly body: Buffer;
  /** The path as this front end hands it on: decoded (HTTP API) or raw (function URL). */
  readonly path: string;
  readonly routeKey: string;
  readonly requestId: string;
  readonly apiId: string;
  readonly domainName: string;
  /** The port that was called, for `x-forwarded-port`. */
  readonly port: number;
  readonly pathParameters?: Readonly<Record<string, string>>;
  readonly jwt?: JwtContext;
}

export function createEvent(props: EventProps): ProxyEvent {
  const { request, routeKey } = props;
  const now = new Date();
  return {
    version: '2.0',
    routeKey,
    rawPath: props.path,
    rawQueryString: request.rawQuery,
    ...(request.cookies.length > 0 && { cookies: request.cookies }),
    headers: withEdgeHeaders(props, now),
    ...(request.rawQuery !== '' && { queryStringParameters: joinQuery(request.rawQuery) }),
    ...(props.pathParameters !== undefined && { pathParameters: props.pathParameters }),
    requestContext: {
      accountId: LOCAL_ACCOUNT,
      apiId: props.apiId,
      ...(props.jwt !== undefined && { authorizer: { jwt: props.jwt } }),
      domainName: props.domainName,
      domainPrefix: props.domainName.split('.', 1)[0] ?? '',
      http: {
        method: request.method,
        path: props.path,
        protocol: 'HTTP/1.1',
        sourceIp: request.sourceIp,
        userAgent: request.headers['user-agent'] ?? '',
      },
      requestId: props.requestId,
      routeKey,
      stage: '$default',
      time: commonLogTime(now),
      timeEpoch: now.getTime(),
    },
    ...encodeBody(request.headers, props.body),
  };
}

/** 16 characters, as API Gateway's own: `JKJaXmPLvHcESHA=`. */
export function newRequestId(): string {
  return randomBytes(11).toString('base64');
}

/** Headers that AWS's edge adds to every request, whatever the client sent under these names. */
function withEdgeHeaders(props: EventProps, now: Date): Record<string, string> {
  const { headers, sourceIp } = props.request;
  const forwardedFor = headers['x-forwarded-for'];
  const epoch = Math.floor(now.getTime() / 1000).toString(16);
  return {
    ...headers,
    ...(props.body.length > 0 && { 'content-length': String(props.body.length) }),
    'x-amzn-trace-id': `Root=1-${epoch}-${randomBytes(12).toString('hex')}`,
    'x-forwarded-for': forwardedFor === undefined ? sourceIp : `${forwardedFor}, ${sourceIp}`,
    'x-forwarded-port': String(props.port),
    'x-forwarded-proto': 'http',
  };
}

function joinQuery(rawQuery: string): Record<string, string> {
  const joined: Record<string, string> = {};
  for (const [name, value] of new URLSearchParams(rawQuery)) {
    const earlier = Object.hasOwn(joined, name) ? joined[name] : undefined;
    joined[name] = earlier === undefined ? value : `${earlier},${value}`;
  }
  return joined;
}

// Forms are base64 in AWS as well, though they are text: handlers must go by isBase64Encoded.
const TEXT = /^(text\/|application\/(json|xml|javascript)\s*(;|$)|application\/[\w.-]+\+(json|xml)\s*(;|$))/i;

function encodeBody(headers: HttpRequest['headers'], body: Buffer): Pick<ProxyEvent, 'body' | 'isBase64Encoded'> {
  if (body.length === 0) return { isBase64Encoded: false };
  const isText = TEXT.test(headers['content-type'] ?? '') && headers['content-encoding'] === undefined;
  return isText
    ? { body: body.toString('utf8'), isBase64Encoded: false }
    : { body: body.toString('base64'), isBase64Encoded: true };
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `12/Mar/2020:19:03:58 +0000`. */
function commonLogTime(now: Date): string {
  const iso = now.toISOString();
  return `${iso.slice(8, 10)}/${MONTHS[now.getUTCMonth()]}/${iso.slice(0, 4)}:${iso.slice(11, 19)} +0000`;
}
