import ipaddr from 'ipaddr.js';
import { isInRanges, type TargetRule, vetAddress } from './address.ts';
import { type AllowedTargets, NO_ALLOWED_TARGETS } from './allowed-targets.ts';
import { type HostPort, hostOf, isAt, portOf } from './host-port.ts';

export const TARGET_URL_MAX_CHARS = 2048;
/** Below it only 443 (and 80, where http is allowed): a webhook must not reach SMTP or SSH. Source: design section 4. */
const FIRST_UNPRIVILEGED_PORT = 1024;

export interface TargetPolicy {
  readonly rule: TargetRule;
  /** Hosts of Tidegate itself: a delivery there would be a loop. */
  readonly ownHosts: readonly HostPort[];
  readonly allowed?: AllowedTargets | undefined;
}

export type TargetUrlFault = 'too_long' | 'not_a_url' | 'scheme' | 'credentials' | 'port' | 'own_host' | 'address';

export type TargetUrlVerdict =
  | { readonly ok: true; readonly url: URL }
  /** `message` names the rule that was broken, for the webhook's owner. */
  | { readonly ok: false; readonly fault: TargetUrlFault; readonly message: string };

/**
 * Checks the URL of a webhook or of a source before it is stored, and again before each connection (the rule may have
 * become stricter since). Literals are vetted here, after WHATWG normalisation (`0x7f.1`, `2130706433`,
 * `[::ffff:7f00:1]`): Node does no lookup for them. A name's addresses are vetted when they are resolved.
 * Source: design section 4.
 */
export function checkTargetUrl(text: string, policy: TargetPolicy): TargetUrlVerdict {
  if (text.length > TARGET_URL_MAX_CHARS) {
    return fault('too_long', `must have at most ${TARGET_URL_MAX_CHARS} characters`);
  }
  // URL drops white space and control characters where it finds them: what was stored would not be what is called.
  if (hasSpaceOrControl(text) || !URL.canParse(text)) return fault('not_a_url', 'must be an absolute URL');
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') return fault('credentials', 'must not carry credentials');
  if (isOwn(url, policy)) return fault('own_host', 'must not be a host of Tidegate itself');
  const isExempt = isExemptTarget(url, policy.allowed ?? NO_ALLOWED_TARGETS);
  return schemeFault(url, policy.rule, isExempt) ?? (isExempt ? { ok: true, url } : placeVerdict(url, policy.rule));
}

/**
 * Whether the operator has listed this host (and port), or the range of this literal: neither scheme, port nor
 * resolved addresses are held against it.
 */
export function isExemptTarget(url: URL, allowed: AllowedTargets): boolean {
  const literal = literalOf(url);
  return (
    allowed.hosts.some((host) => isAt(url, host)) ||
    (literal !== undefined && isInRanges(ipaddr.parse(literal), allowed.ranges))
  );
}

/** The address that a URL's host is, without brackets; undefined for names. */
export function literalOf(url: URL): string | undefined {
  const host = hostOf(url);
  if (host.startsWith('[')) return host.slice(1, -1);
  return ipaddr.IPv4.isValidFourPartDecimal(host) ? host : undefined;
}

function schemeFault(url: URL, rule: TargetRule, isExempt: boolean): TargetUrlVerdict | undefined {
  const isHttpAllowed = isExempt || rule === 'loopback-allowed';
  if (url.protocol === 'https:' || (isHttpAllowed && url.protocol === 'http:')) return undefined;
  return fault('scheme', isHttpAllowed ? 'must use https or http' : 'must use https');
}

function placeVerdict(url: URL, rule: TargetRule): TargetUrlVerdict {
  if (portOf(url) < FIRST_UNPRIVILEGED_PORT && url.port !== '') {
    return fault('port', `must use port 443 or one from ${FIRST_UNPRIVILEGED_PORT} up`);
  }
  const literal = isLocalhost(url) ? '127.0.0.1' : literalOf(url);
  const verdict = literal === undefined ? undefined : vetAddress(literal, rule);
  if (verdict === undefined || verdict.ok) return { ok: true, url };
  return fault('address', `must be a public address (this one is ${verdict.range})`);
}

/** `localhost` and all below it mean loopback whatever a resolver says. Source: RFC 6761 section 6.3. */
function isLocalhost(url: URL): boolean {
  return /(?:^|\.)localhost$/.test(hostOf(url));
}

function isLoopback(url: URL): boolean {
  const literal = literalOf(url);
  return isLocalhost(url) || (literal !== undefined && ipaddr.parse(literal).range() === 'loopback');
}

function isOwn(url: URL, { ownHosts }: TargetPolicy): boolean {
  if (ownHosts.some((own) => isAt(url, own))) return true;
  // The local engine's own port, by another name of this machine.
  return (
    isLoopback(url) && ownHosts.some((own) => own.port === portOf(url) && isLoopback(new URL(`http://${own.host}`)))
  );
}

function hasSpaceOrControl(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that URL drops in silence.
  return /[\u0000-\u0020\u007f]/.test(text);
}

function fault(name: TargetUrlFault, message: string): TargetUrlVerdict {
  return { ok: false, fault: name, message };
}
