import { parseHostPort } from '../../domain/target/host-port.ts';
import type { TargetPolicy } from '../../domain/target/target-url.ts';
import { readEgressRule, readOwnHosts } from '../environment/environment.ts';

/** The rule for webhooks' targets, as this function's environment has it. */
export function readTargetPolicy(): TargetPolicy {
  const ownHosts = readOwnHosts().flatMap((host) => parseHostPort(host) ?? []);
  return { rule: readEgressRule(), ownHosts };
}
