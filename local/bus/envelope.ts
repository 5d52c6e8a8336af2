/** One entry of PutEvents: what AWS refuses, and the event that rules see and queues get. */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { LOCAL_ACCOUNT, LOCAL_REGION } from '../services/service.ts';

export const entrySchema = z.object({
  Source: z.string().nullish(),
  DetailType: z.string().nullish(),
  Detail: z.string().nullish(),
  EventBusName: z.string().nullish(),
  Resources: z.array(z.string()).nullish(),
  /** Seconds since 1970, fractions allowed, as awsJson writes times. */
  Time: z.number().nullish(),
});

export type Entry = z.output<typeof entrySchema>;

export type ReadEntry =
  | { readonly kind: 'refused'; readonly code: string; readonly message: string }
  | {
      readonly kind: 'event';
      readonly id: string;
      /** For the matchers. */
      readonly event: Readonly<Record<string, unknown>>;
      /** For the queues: the producer's bytes of `detail`, in the envelope of AWS. */
      readonly body: string;
    };

const LONGEST_DETAIL_TYPE = 128;
const LONGEST_SOURCE = 256;

/** The entry as an event, or why it is refused. Source: EventBridge API Reference, PutEventsResultEntry. */
export function readEntry(entry: Entry): ReadEntry {
  const { Source: source, DetailType: detailType, Detail: detail } = entry;
  if (!source) return invalidArgument('Source');
  if (!detailType) return invalidArgument('DetailType');
  if (!detail) return invalidArgument('Detail');
  if (source.length > LONGEST_SOURCE) return invalidArgument('Source', `it is longer than ${LONGEST_SOURCE}`);
  if (detailType.length > LONGEST_DETAIL_TYPE)
    return invalidArgument('DetailType', `it is longer than ${LONGEST_DETAIL_TYPE}`);
  if (source.startsWith('aws.')) {
    return { kind: 'refused', code: 'NotAuthorizedForSourceException', message: 'Not authorized for the source.' };
  }
  const parsedDetail = parseObject(detail);
  if (parsedDetail === undefined) return { kind: 'refused', code: 'MalformedDetail', message: 'Detail is malformed.' };
  const head = {
    version: '0',
    id: randomUUID(),
    'detail-type': detailType,
    source,
    account: LOCAL_ACCOUNT,
    time: toTime(entry.Time),
    region: LOCAL_REGION,
    resources: entry.Resources ?? [],
  };
  return { kind: 'event', id: head.id, event: { ...head, detail: parsedDetail }, body: splice(head, detail) };
}

/**
 * What an entry counts towards the size of a call: 14 bytes for a time, UTF-8 bytes of the rest.
 * Source: EventBridge User Guide, "Calculating PutEvents event entry size".
 */
export function entryBytes(entry: Entry): number {
  const texts = [entry.Source, entry.DetailType, entry.Detail, ...(entry.Resources ?? [])];
  const timeBytes = entry.Time == null ? 0 : 14;
  return texts.reduce((sum, text) => sum + Buffer.byteLength(text ?? ''), timeBytes);
}

// Parsing and writing anew would turn 1.0 into 1 and round 12345678901234567890: the receiver gets what was sent.
function splice(head: object, detail: string): string {
  return `${JSON.stringify(head).slice(0, -1)},"detail":${detail}}`;
}

function invalidArgument(name: string, reason = `${name} is a required argument`): ReadEntry {
  return { kind: 'refused', code: 'InvalidArgument', message: `Parameter ${name} is not valid. Reason: ${reason}.` };
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** Whole seconds, as AWS writes them. */
function toTime(seconds: number | null | undefined): string {
  const milliseconds = seconds == null ? Date.now() : Math.trunc(seconds) * 1000;
  return `${new Date(milliseconds).toISOString().slice(0, 19)}Z`;
}
