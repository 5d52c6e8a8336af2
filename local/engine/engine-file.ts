/** `<data>/engine.json`: how the `tidegate` command, dashboards and tests find a running engine. */
import { rmSync } from 'node:fs';
import { z } from 'zod';
import { readPrivateFile, writePrivateFile } from '../services/private-file.ts';

const engineFileSchema = z.object({
  /** Base of the HTTP API. */
  url: z.url(),
  /** Base under which senders reach the gate. */
  gateUrl: z.url(),
  /** Null while the stack has no console. */
  consoleUrl: z.url().nullable(),
  /** The process to signal. */
  pid: z.int(),
  /** PostgreSQL, as the owner. */
  databaseUrl: z.string(),
  issuer: z.url(),
  stackName: z.string(),
  /** Everything there is may also be reached through the AWS SDK, with the access key id `operator`. */
  endpoints: z.object({
    sqs: z.url(),
    events: z.url(),
    kms: z.url(),
    rdsData: z.url(),
    rds: z.url(),
    s3: z.url(),
    secretsManager: z.url(),
    lambda: z.url(),
  }),
  /** Outputs of the stack, as `cdk deploy` prints them. */
  outputs: z.record(z.string(), z.string()),
});

export type EngineFile = Readonly<z.output<typeof engineFileSchema>>;

/** 0600: `databaseUrl` holds the owner's password. */
export function writeEngineFile(path: string, content: EngineFile): void {
  writePrivateFile(path, `${JSON.stringify(content, null, 2)}\n`);
}

/** @returns undefined when no engine has written one. */
export function readEngineFile(path: string): EngineFile | undefined {
  const text = readPrivateFile(path);
  return text === undefined ? undefined : engineFileSchema.parse(JSON.parse(text));
}

export function removeEngineFile(path: string): void {
  rmSync(path, { force: true });
}
