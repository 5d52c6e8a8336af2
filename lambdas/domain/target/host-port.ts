/** A host of a configuration, with its port or with any. */
export interface HostPort {
  /** Lower case, without a trailing dot; IPv6 in brackets, as in `URL.hostname`. */
  readonly host: string;
  readonly port: number | undefined;
}

const HOST_PORT_PATTERN = /^(\[[0-9a-f:.]+\]|[^\s:/?#@[\]]+)(?::(\d{1,5}))?$/i;

/**
 * Reads `host` or `host:port`; the host is normalised as in a URL.
 * @returns undefined when the text is neither.
 */
export function parseHostPort(text: string): HostPort | undefined {
  const [, host, port] = HOST_PORT_PATTERN.exec(text) ?? [];
  if (host === undefined || !URL.canParse(`https://${host}/`)) return undefined;
  if (port !== undefined && (Number(port) < 1 || Number(port) > 65_535)) return undefined;
  return { host: hostOf(new URL(`https://${host}/`)), port: port === undefined ? undefined : Number(port) };
}

/** `URL.hostname` without the root's dot: `example.com.` is the same host to a resolver. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/\.$/, '');
}

/** Port of the connection, the scheme's own when the URL names none. */
export function portOf(url: URL): number {
  if (url.port !== '') return Number(url.port);
  return url.protocol === 'http:' ? 80 : 443;
}

/** Whether `url` goes to that host (and port, where one is given). */
export function isAt(url: URL, { host, port }: HostPort): boolean {
  return hostOf(url) === host && (port === undefined || portOf(url) === port);
}
