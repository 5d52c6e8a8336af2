import { z } from 'zod';

/**
 * Configuration of a stack: CDK context for `cdk deploy -c key=value` and, with the very same keys, for
 * `npm start -- -c key=value`. The command line gives text, cdk.json gives JSON values; both are read here, and every
 * error of all keys is reported at once.
 */

const wholeNumber = (minimum: number, maximum: number) => z.preprocess(fromText, z.int().min(minimum).max(maximum));
const text = (maximum: number) => z.string().min(1).max(maximum);
const secondsList = (maximumEntries: number, maximumSeconds: number) =>
  z.preprocess(
    listFromText,
    z
      .array(z.preprocess(fromText, z.number().min(0).max(maximumSeconds)))
      .min(1)
      .max(maximumEntries),
  );
const textList = z.preprocess(listFromText, z.array(z.string().min(1)).max(100));

/** Numbers arrive from the command line as text; anything else is left for the schema to refuse. */
function fromText(value: unknown): unknown {
  return typeof value === 'string' && value.trim() !== '' && Number.isFinite(Number(value)) ? Number(value) : value;
}

function listFromText(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  const entries = value.split(',').map((entry) => entry.trim());
  return entries.length === 1 && entries[0] === '' ? [] : entries;
}

const TWELVE_HOURS_SECONDS = 43_200;

export const contextSchema = z.strictObject({
  stage: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,19}$/, 'lower-case letters, digits and dashes, at most 20, starting with a letter')
    .default('dev')
    .describe('Name of the stage; part of the stack name and the one dimension of the metrics.'),
  account: z
    .string()
    .regex(/^\d{12}$/, 'an AWS account id has 12 digits')
    .optional()
    .describe('AWS account to deploy to, with `region`. Absent: the one of the credentials.'),
  region: z
    .string()
    .regex(/^[a-z]{2}(-[a-z]+)+-\d$/, 'an AWS region, such as eu-central-1')
    .optional()
    .describe('AWS region to deploy to, with `account`. Absent: the one of the credentials.'),
  jwtIssuer: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe(
      'OIDC issuer whose tokens the API accepts. Absent: a stack parameter (JwtIssuer) that the deploy must give.',
    ),
  jwtAudience: text(256).default('tidegate').describe('Audience (`aud` or client id) that a token must carry.'),
  accountClaim: text(128).default('account_id').describe("JWT claim that names the caller's account."),
  retryScheduleSeconds: secondsList(20, TWELVE_HOURS_SECONDS)
    .default([30, 300, 1_800, 7_200, 28_800])
    .describe('Waits after each failed attempt; attempts in all are one more than its entries.'),
  deliveryTimeoutSeconds: wholeNumber(1, 30)
    .default(15)
    .describe('Time a receiver has to answer in all: connect, headers and body.'),
  callbackTimeoutSeconds: wholeNumber(1, 86_400)
    .default(900)
    .describe('An async delivery without a callback for this long fails with `callback_timeout`.'),
  openTtlSeconds: wholeNumber(1, 1_209_600)
    .default(14_400)
    .describe('An open delivery expires this long after its last activity or due retry.'),
  terminalRetentionDays: wholeNumber(7, 365).default(7).describe('Days that ended deliveries stay readable.'),
  holdRetentionDays: wholeNumber(1, 14).default(14).describe('Days that held deliveries are kept.'),
  sweepSeconds: wholeNumber(1, 3_600)
    .default(60)
    .describe('Period of the sweeper. EventBridge Scheduler knows whole minutes only: below 60 it is for one machine.'),
  circuitThreshold: wholeNumber(1, 1_000).default(5).describe("Failures in a row that open a webhook's circuit."),
  circuitOpenSeconds: secondsList(10, 86_400)
    .default([60, 300, 900, 1_800])
    .describe('How long the circuit stays open, the first time, the second, and so on.'),
  inFlightLimit: wholeNumber(1, 119_000)
    .default(100_000)
    .describe('In-flight messages above which waits are parked in the database (SQS stops at about 120,000).'),
  configCacheSeconds: wholeNumber(0, 60)
    .default(10)
    .describe("How long a webhook's configuration that travels in a message may be used."),
  keyCacheSeconds: wholeNumber(1, 3_600).default(300).describe('How long plain data keys live in memory.'),
  deliveriesMaxConcurrency: wholeNumber(2, 1_000)
    .default(50)
    .describe('Concurrent batches of the deliveries lane (first attempts).'),
  retriesMaxConcurrency: wholeNumber(2, 1_000)
    .default(20)
    .describe('Concurrent batches of the retries lane (repeats, and slow webhooks).'),
  fanOutMaxConcurrency: wholeNumber(2, 1_000).default(20).describe('Concurrent batches of the fan-out.'),
  databaseMaxCapacity: z
    .preprocess(fromText, z.number().min(0.5).max(256).multipleOf(0.5))
    .default(4)
    .describe('Aurora capacity units at most; the least is 0, so that an idle database pauses.'),
  corsOrigins: textList.default([]).describe('Origins that may call the API from a browser.'),
  gateTargets: textList
    .default([])
    .describe('Hosts (`host[:port]`) and CIDR ranges that the gate may forward to although they are not public.'),
});

export type Context = z.output<typeof contextSchema>;

/** What went wrong with one key of the context. */
export interface ContextProblem {
  readonly key: string;
  readonly message: string;
}

/** All problems of the context in one message, one a line, each naming its key. */
export class ContextError extends Error {
  readonly code = 'INVALID_CONTEXT';
  readonly problems: readonly ContextProblem[];
  constructor(problems: readonly ContextProblem[]) {
    super(`The context is not valid:\n${problems.map(({ key, message }) => `  ${key}: ${message}`).join('\n')}`);
    this.name = 'ContextError';
    this.problems = problems;
  }
}

/**
 * @param given values by key, as text or JSON values; keys with `undefined` count as absent.
 * @returns the whole configuration with its defaults.
 * @throws ContextError naming every unknown key and every malformed value.
 */
export function parseContext(given: Readonly<Record<string, unknown>>): Context {
  const result = contextSchema.safeParse(given);
  if (result.success) return result.data;
  throw new ContextError(result.error.issues.flatMap(problemsOf));
}

function problemsOf(issue: z.core.$ZodIssue): ContextProblem[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ key, message: 'no such key; see docs/configuration.md for the keys there are' }));
  }
  return [{ key: issue.path.join('.'), message: issue.message }];
}

/** Every key with its default and meaning, for the documentation and the `--help` texts. */
export function contextKeys(): ReadonlyArray<{ key: string; defaultValue: unknown; description: string }> {
  const defaults: Record<string, unknown> = contextSchema.parse({});
  return Object.entries(contextSchema.shape).map(([key, schema]) => ({
    key,
    defaultValue: defaults[key],
    description: schema.description ?? '',
  }));
}
