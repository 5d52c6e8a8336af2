import ipaddr from 'ipaddr.js';

/** `loopback-allowed` is for the local engine and the deploy test's emulator; no template may choose it. */
export type TargetRule = 'public' | 'loopback-allowed';

export type IpRange = readonly [ipaddr.IPv4 | ipaddr.IPv6, number];

export type AddressVerdict =
  | { readonly ok: true }
  /** `range` names why: `private`, `loopback`, `linkLocal`, `uniqueLocal`, `6to4`, … */
  | { readonly ok: false; readonly range: string };

const GLOBAL_UNICAST_V6: IpRange = [ipaddr.IPv6.parse('2000::'), 3];
/** Azure's platform endpoint: metadata behind an address that is public by its range. */
const METADATA_V4 = new Set(['168.63.129.16']);

/**
 * Whether a resolved address, or a literal after WHATWG normalisation, may be connected to: public unicast only.
 * Every form that translates into IPv4 (mapped, compatible, 6to4, Teredo, NAT64, ISATAP) is refused as a whole, because
 * where the translation ends is not ours to know.
 * @param address IPv4 in four decimal parts or IPv6, without brackets.
 * @param allowedRanges ranges named by the operator, exempt from the rule.
 * Source: design section 4; IANA special-purpose registries by way of ipaddr.js.
 */
export function vetAddress(address: string, rule: TargetRule, allowedRanges: readonly IpRange[] = []): AddressVerdict {
  if (!ipaddr.IPv4.isValidFourPartDecimal(address) && !ipaddr.IPv6.isValid(address)) {
    return { ok: false, range: 'notAnAddress' };
  }
  const ip = ipaddr.parse(address);
  if (isInRanges(ip, allowedRanges)) return { ok: true };
  const range = rangeOf(ip);
  const isAllowed = range === 'unicast' || (rule === 'loopback-allowed' && range === 'loopback');
  return isAllowed ? { ok: true } : { ok: false, range };
}

/** Whether an address lies in one of the ranges; addresses of another family never do. */
export function isInRanges(ip: ipaddr.IPv4 | ipaddr.IPv6, ranges: readonly IpRange[]): boolean {
  return ranges.some(([base, bits]) => base.kind() === ip.kind() && ip.match(base, bits));
}

function rangeOf(ip: ipaddr.IPv4 | ipaddr.IPv6): string {
  const range = ip.range();
  if (range !== 'unicast') return range;
  if (ip instanceof ipaddr.IPv4) return METADATA_V4.has(ip.toString()) ? 'metadata' : range;
  if (!isInRanges(ip, [GLOBAL_UNICAST_V6])) return 'reserved';
  return isIsatap(ip) ? 'isatap' : range;
}

/** Interface id 0000:5efe or 0200:5efe, then an IPv4 address. Source: RFC 5214 section 6.1. */
function isIsatap(ip: ipaddr.IPv6): boolean {
  const [, , , , head, mark] = ip.parts;
  return mark === 0x5efe && (head === 0 || head === 0x200);
}
