import { lookup as systemLookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import type { AddressVerdict } from '../../domain/target/address.ts';

export class TargetRefused extends Error {
  readonly code = 'TARGET_REFUSED';
  constructor(reason: string) {
    super(reason);
    this.name = 'TargetRefused';
  }
}

export type AddressRule = (address: string) => AddressVerdict;

/** As `dns.lookup` with `all`: what the system resolves, /etc/hosts included. */
export type ResolveAll = (
  hostname: string,
  callback: (error: NodeJS.ErrnoException | null, addresses: { address: string; family: number }[]) => void,
) => void;

const resolveBySystem: ResolveAll = (hostname, callback) => systemLookup(hostname, { all: true }, callback);

/**
 * A lookup that resolves all addresses of a name, and fails when any of them may not be connected to. One bad address
 * refuses the name: a resolver that mixes public and private answers is an attack or a mistake, and which of them Node
 * would try is left to chance. What passes is what Node connects to, so a second answer (rebinding) changes nothing.
 * Source: design section 4.
 */
export function vettedLookup(rule: AddressRule, resolveAll: ResolveAll = resolveBySystem): LookupFunction {
  return (hostname, options, callback) => {
    resolveAll(hostname, (error, addresses) => {
      if (error !== null) return callback(error, '', 0);
      const refused = addresses.map(({ address }) => rule(address)).find((verdict) => !verdict.ok);
      if (refused !== undefined && !refused.ok) {
        return callback(new TargetRefused(`resolves to an address that is ${refused.range}`), '', 0);
      }
      const [first] = addresses;
      if (first === undefined) return callback(new TargetRefused('resolves to no address'), '', 0);
      if (options.all) return callback(null, addresses);
      return callback(null, first.address, first.family);
    });
  };
}
