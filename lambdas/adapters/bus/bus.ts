import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { pack } from '../../domain/packing/pack.ts';
import { clientOptions } from '../sdk/client-options.ts';
import { errorName } from '../sdk/sdk-error.ts';

export interface BusEntry {
  readonly source: string;
  readonly detailType: string;
  /** JSON text of an object. */
  readonly detail: string;
}

/** An entry that is not on the bus; the caller keeps it. */
export interface PutFailure<E extends BusEntry> {
  readonly entry: E;
  readonly code: string;
}

export interface Bus {
  /** Puts all, in as few calls as possible. It does not throw: what is not on the bus is returned. */
  putAll<E extends BusEntry>(entries: readonly E[]): Promise<readonly PutFailure<E>[]>;
}

/** Entries in a call, and bytes in all. Source: EventBridge API reference, PutEvents. */
const PUT_CALL = { maxCount: 10, maxBytes: 256 * 1024 };
/** 14 bytes count for an entry's time, which we leave out, and a little for ours. */
const ENTRY_OVERHEAD_BYTES = 64;

export function createEventBridgeClient(): EventBridgeClient {
  return new EventBridgeClient(clientOptions({ requestTimeoutMs: 5_000, maxAttempts: 3, maxSockets: 50 }));
}

export function createBus({ client, busName }: { client: EventBridgeClient; busName: string }): Bus {
  return {
    putAll: async (entries) => {
      const batches = pack(entries, PUT_CALL, entryBytes);
      const failures = await Promise.all(batches.map((batch) => putBatch(client, busName, batch)));
      return failures.flat();
    },
  };
}

/**
 * Bytes that an entry counts for against the 256 KB of a call.
 * Source: EventBridge User Guide, "Calculating PutEvents event entry size".
 */
export function entryBytes({ source, detailType, detail }: BusEntry): number {
  return Buffer.byteLength(source) + Buffer.byteLength(detailType) + Buffer.byteLength(detail) + ENTRY_OVERHEAD_BYTES;
}

async function putBatch<E extends BusEntry>(
  client: EventBridgeClient,
  busName: string,
  batch: readonly E[],
): Promise<PutFailure<E>[]> {
  const command = new PutEventsCommand({
    Entries: batch.map(({ source, detailType, detail }) => ({
      EventBusName: busName,
      Source: source,
      DetailType: detailType,
      Detail: detail,
    })),
  });
  try {
    const { Entries = [] } = await client.send(command);
    // The answer has an entry for each of ours, in order; one without an id did not get in.
    return batch.flatMap((entry, index) => {
      const result = Entries[index];
      return result?.EventId === undefined ? [{ entry, code: result?.ErrorCode ?? 'Unknown' }] : [];
    });
  } catch (error) {
    return batch.map((entry) => ({ entry, code: errorName(error) }));
  }
}
