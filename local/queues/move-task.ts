/** Redrive of a dead-letter queue, as SQS's message move tasks. Source: SQS API Reference, StartMessageMoveTask. */

export type MoveTaskStatus = 'RUNNING' | 'COMPLETED' | 'CANCELLED' | 'FAILED';

export interface MoveTask {
  readonly handle: string;
  /** Name of the dead-letter queue. */
  readonly source: string;
  /** Name of a queue; undefined sends each message back to where it came from. */
  readonly destination: string | undefined;
  /** 1 to 500; undefined leaves it to the service. */
  readonly ratePerSecond: number | undefined;
  readonly status: MoveTaskStatus;
  /** Messages that were visible when the task began; it ends with these. */
  readonly toMove: number;
  readonly moved: number;
  readonly startedAtMs: number;
  readonly failureReason: string | undefined;
}

export interface MoveTaskProps {
  /** Name of the dead-letter queue. */
  readonly source: string;
  readonly destination?: string | undefined;
  /** 1 to 500 messages a second. @default 500 */
  readonly ratePerSecond?: number | undefined;
}
