import type { Node } from 'constructs';
import { type Context, parseContext } from '../lambdas/domain/configuration/context.ts';

/**
 * Context that is not ours: the CDK's flags, lookups and settings (`aws:cdk:…`, `@aws-cdk/…`, `availability-zones:…`)
 * and what the toolkit itself writes into cdk.json and cdk.context.json.
 */
const OF_THE_TOOLKIT = /[:/]|^(cli-telemetry|acknowledged-issue-numbers)$/;

/**
 * Reads the stack's configuration from the CDK context (`-c key=value`, cdk.json).
 * @throws ContextError with every unknown key and every malformed value, so that a misspelt key is never ignored.
 */
export function readContext(node: Node): Context {
  const all: Record<string, unknown> = node.getAllContext();
  return parseContext(Object.fromEntries(Object.entries(all).filter(([key]) => !OF_THE_TOOLKIT.test(key))));
}
