/**
 * Which messages of a batch a function has dealt with.
 * Source: Lambda Developer Guide, "Implementing partial batch responses", success and failure conditions.
 */
import type { InvocationOutcome } from '../functions/function-definition.ts';

export interface BatchResponseProps {
  readonly outcome: InvocationOutcome;
  readonly messageIds: readonly string[];
  /** FunctionResponseTypes holds ReportBatchItemFailures; otherwise only an exception is a failure, of all. */
  readonly reportsItemFailures: boolean;
}

/** `refused`: why the answer failed the whole batch although the function did not say so. */
export interface BatchVerdict {
  readonly succeeded: ReadonlySet<string>;
  readonly refused?: string;
}

const NONE: ReadonlySet<string> = new Set();

export function judgeBatch({ outcome, messageIds, reportsItemFailures }: BatchResponseProps): BatchVerdict {
  if (outcome.kind !== 'returned') return { succeeded: NONE };
  const all = new Set(messageIds);
  if (!reportsItemFailures) return { succeeded: all };
  const response: unknown = JSON.parse(outcome.payload);
  if (response === null) return { succeeded: all };
  if (typeof response !== 'object') return refuse(`the answer is no object but ${outcome.payload.slice(0, 100)}`);
  const failures = (response as Record<string, unknown>).batchItemFailures ?? [];
  if (!Array.isArray(failures)) return refuse('batchItemFailures is no list');
  for (const failure of failures as readonly unknown[]) {
    const identifier = (failure as { readonly itemIdentifier?: unknown } | null)?.itemIdentifier;
    if (typeof identifier !== 'string' || !messageIds.includes(identifier)) {
      return refuse(`itemIdentifier ${JSON.stringify(identifier)} names no message of the batch`);
    }
    all.delete(identifier);
  }
  return { succeeded: all };
}

function refuse(reason: string): BatchVerdict {
  return { succeeded: NONE, refused: reason };
}
