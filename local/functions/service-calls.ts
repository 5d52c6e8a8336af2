/**
 * AWS calls of a function on their way to the engine, without a socket: in the worker, under the SDK's own request
 * handler. The function, its SDK and what the service sees (method, path, headers, body) are the same as over HTTP.
 * Writing, parsing and scheduling two sockets per call was a third of the engine's CPU time.
 */
import http, { type IncomingMessage, type RequestOptions } from 'node:http';
import { Readable, Writable } from 'node:stream';
import type { ServiceAnswer, ServiceCall } from './protocol.ts';

/** Never rejects: failures of a service are answers. */
export type CallService = (call: ServiceCall) => Promise<ServiceAnswer>;

/**
 * Sends what Node's `http.request` is asked to send to `servicesUrl` through `call`; everything else (receivers, and
 * uploads that wait for "100 Continue") takes the socket as before. Call it before the SDK is loaded.
 */
export function carryServiceCalls(servicesUrl: string, call: CallService): void {
  const { hostname, port } = new URL(servicesUrl);
  const overSocket = http.request;
  const request = (options: RequestOptions, onResponse?: (response: IncomingMessage) => void): unknown => {
    const isForService = options.host === hostname && String(options.port) === port && !waitsToContinue(options);
    return isForService ? new ServiceRequest(options, call, onResponse) : overSocket(options, onResponse);
  };
  http.request = request as typeof http.request;
}

function waitsToContinue({ headers = {} }: RequestOptions): boolean {
  return 'expect' in headers || 'Expect' in headers;
}

// What the SDK's handler asks of a socket to time its connection, which here is always there.
const CONNECTED = { connecting: false, setKeepAlive() {}, setTimeout() {}, removeListener() {}, destroy() {} };

/** As much of Node's ClientRequest as the SDK's handler uses. */
class ServiceRequest extends Writable {
  readonly socket = CONNECTED;
  readonly #options: RequestOptions;
  readonly #call: CallService;
  readonly #chunks: (string | Buffer)[] = [];

  constructor(options: RequestOptions, call: CallService, onResponse?: (response: IncomingMessage) => void) {
    // Like ClientRequest it closes with its response: the SDK stops listening for an abort on `close`.
    super({ decodeStrings: false, autoDestroy: false });
    this.#options = options;
    this.#call = call;
    if (onResponse !== undefined) this.once('response', onResponse);
  }

  override _write(chunk: string | Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#chunks.push(chunk);
    done();
  }

  override _final(done: () => void): void {
    done();
    void this.#exchange();
  }

  async #exchange(): Promise<void> {
    const { method, path, headers } = this.#options;
    const answer = await this.#call({
      method: method ?? 'GET',
      url: path ?? '/',
      headers: lowerCase(headers),
      body: joined(this.#chunks),
    });
    // Timed out or aborted meanwhile: nobody listens any more.
    if (this.destroyed) return;
    const response = new ServiceResponse(answer);
    response.once('close', () => this.destroy());
    this.emit('response', response);
  }
}

/** As much of Node's IncomingMessage as the SDK's handler uses. */
class ServiceResponse extends Readable {
  readonly statusCode: number;
  readonly statusMessage = '';
  readonly headers: ServiceAnswer['headers'];
  readonly #body: Buffer;

  constructor({ status, headers, body }: ServiceAnswer) {
    super();
    this.statusCode = status;
    this.headers = headers;
    this.#body = typeof body === 'string' ? Buffer.from(body) : Buffer.from(body.buffer, body.byteOffset, body.length);
  }

  get complete(): boolean {
    return this.readableEnded;
  }

  override _read(): void {
    if (this.#body.length > 0) this.push(this.#body);
    this.push(null);
  }
}

function lowerCase(headers: RequestOptions['headers'] = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]));
}

/** Text stays text. Bytes are copied out: a small Buffer is a window on a pool that would be sent along. */
function joined(chunks: readonly (string | Buffer)[]): string | Uint8Array {
  const [only, ...others] = chunks;
  if (only === undefined) return '';
  if (typeof only === 'string' && others.length === 0) return only;
  return new Uint8Array(Buffer.concat(chunks.map((chunk) => (typeof chunk === 'string' ? Buffer.from(chunk) : chunk))));
}
