/** How often each function called each operation, and what its pollers asked of the queues: what AWS would charge for. */

export interface CallCounts {
  /** @param operation `sqs:SendMessageBatch`, `rds-data:/Execute`, `s3:PUT`. */
  count(caller: string, operation: string): void;
  /** By `<caller> <operation>`. */
  all(): Readonly<Record<string, number>>;
}

export function createCallCounts(): CallCounts {
  const counts = new Map<string, number>();
  return {
    count(caller, operation) {
      const name = `${caller} ${operation}`;
      counts.set(name, (counts.get(name) ?? 0) + 1);
    },
    all: () => Object.fromEntries(counts),
  };
}
