import ipaddr from 'ipaddr.js';
import type { IpRange } from './address.ts';
import { type HostPort, parseHostPort } from './host-port.ts';

/** What an operator exempts from the target rule (`gateTargets`). */
export interface AllowedTargets {
  readonly hosts: readonly HostPort[];
  readonly ranges: readonly IpRange[];
}

export const NO_ALLOWED_TARGETS: AllowedTargets = { hosts: [], ranges: [] };

/**
 * Reads a list of `host[:port]` and CIDR ranges.
 * @throws RangeError (code INVALID_TARGET_ENTRY) naming the entry that is neither.
 * Source: design section 10.
 */
export function parseAllowedTargets(entries: readonly string[]): AllowedTargets {
  const hosts: HostPort[] = [];
  const ranges: IpRange[] = [];
  for (const entry of entries) {
    if (ipaddr.isValidCIDR(entry)) ranges.push(ipaddr.parseCIDR(entry));
    else hosts.push(hostEntry(entry));
  }
  return { hosts, ranges };
}

function hostEntry(entry: string): HostPort {
  const host = parseHostPort(entry);
  if (host !== undefined) return host;
  throw Object.assign(new RangeError(`neither host[:port] nor a CIDR range: ${entry}`), {
    code: 'INVALID_TARGET_ENTRY',
  });
}
