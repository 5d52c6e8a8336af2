/** Runs move tasks: every tenth of a second as many messages as the rate allows. A restart goes on where it was. */
import { randomUUID } from 'node:crypto';
import { ServiceError } from '../services/service.ts';
import type { GroupCommit } from './group-commit.ts';
import type { MoveTask, MoveTaskProps } from './move-task.ts';
import type { QueueBook } from './queue-book.ts';
import type { QueueDatabase } from './queue-database.ts';
import { invalidValue } from './queue-error.ts';
import { inRange, queueArn } from './queue-properties.ts';

const HIGHEST_RATE = 500;
const STEP_MS = 100;

export interface MessageMoverProps {
  readonly book: QueueBook;
  readonly database: QueueDatabase;
  readonly commit: GroupCommit;
  readonly now: () => number;
}

export class MessageMover {
  readonly #props: MessageMoverProps;
  readonly #timers = new Map<string, NodeJS.Timeout>();

  /** Takes up the tasks that were running when the store was closed. */
  constructor(props: MessageMoverProps) {
    this.#props = props;
    for (const task of this.#all()) if (task.status === 'RUNNING') this.#schedule(task, 0);
  }

  /**
   * @returns the task's handle.
   * @throws ServiceError ResourceNotFoundException (404) for an unknown queue; InvalidParameterValue when the source is
   * no dead-letter queue or its own destination; UnsupportedOperation while another task runs on the source.
   */
  start(props: MoveTaskProps): Promise<string> {
    const { source, destination, ratePerSecond } = props;
    return this.#props.commit.run(() => {
      this.#check(props);
      const task: MoveTask = {
        handle: taskHandle(source),
        source,
        destination,
        ratePerSecond,
        status: 'RUNNING',
        toMove: this.#props.book.queue(source).counts.visible,
        moved: 0,
        startedAtMs: this.#props.now(),
        failureReason: undefined,
      };
      this.#write(task);
      this.#schedule(task, 0);
      return task.handle;
    });
  }

  /**
   * Ends a running task; what it has moved stays moved.
   * @throws ServiceError ResourceNotFoundException (404) when no such task runs.
   */
  cancel(handle: string): Promise<MoveTask> {
    return this.#props.commit.run(() => {
      const task = this.#all().find((one) => one.handle === handle && one.status === 'RUNNING');
      if (task === undefined) throw new ServiceError('ResourceNotFoundException', 'Task does not exist.', 404);
      const cancelled: MoveTask = { ...task, status: 'CANCELLED' };
      this.#stop(handle);
      this.#write(cancelled);
      return cancelled;
    });
  }

  /** Tasks of a dead-letter queue, newest first. */
  list(source: string): readonly MoveTask[] {
    return this.#all().filter((task) => task.source === source);
  }

  close(): void {
    for (const handle of [...this.#timers.keys()]) this.#stop(handle);
  }

  #check({ source, destination, ratePerSecond }: MoveTaskProps): void {
    const { book } = this.#props;
    for (const name of [source, destination ?? source]) {
      if (book.find(name) !== undefined) continue;
      const message = 'The resource that you specified for the SourceArn or DestinationArn parameter does not exist.';
      throw new ServiceError('ResourceNotFoundException', message, 404);
    }
    if (![...book.queues].some((queue) => queue.settings.redrive?.deadLetterQueue === source)) {
      throw new ServiceError('InvalidParameterValue', 'Source queue must be configured as a Dead Letter Queue.');
    }
    if (destination === source) throw invalidValue('DestinationArn', queueArn(source), 'It is the source.');
    if (ratePerSecond !== undefined) inRange('MaxNumberOfMessagesPerSecond', ratePerSecond, 1, HIGHEST_RATE);
    if (this.list(source).some((task) => task.status === 'RUNNING')) {
      const message =
        'There is already a task running. Only one active task is allowed for a source queue arn at a time.';
      throw new ServiceError('UnsupportedOperation', message);
    }
  }

  #schedule(task: MoveTask, credit: number): void {
    const timer = setTimeout(() => {
      const allowed = credit + ((task.ratePerSecond ?? HIGHEST_RATE) * STEP_MS) / 1_000;
      // A step that is lost with its transaction is taken again from the row on disk, so that nothing is skipped.
      this.#props.commit
        .run(() => this.#step(task, Math.floor(allowed)))
        .then(
          (after) => this.#goOn(after, allowed - Math.floor(allowed)),
          () => this.#goOn(task, credit),
        );
    }, STEP_MS);
    this.#timers.set(task.handle, timer.unref());
  }

  // A cancel or a close in the meantime has taken the timer away: that was the last step.
  #goOn(task: MoveTask, credit: number): void {
    if (!this.#timers.has(task.handle)) return;
    if (task.status === 'RUNNING') this.#schedule(task, credit);
    else this.#stop(task.handle);
  }

  #step(task: MoveTask, most: number): MoveTask {
    const { book } = this.#props;
    let moved = task.moved;
    let outcome = 'moved';
    for (let left = Math.min(most, task.toMove - moved); left > 0 && outcome === 'moved'; left -= 1) {
      outcome = book.moveOn(book.queue(task.source), task.destination);
      if (outcome === 'moved') moved += 1;
    }
    const after = { ...task, moved, ...ending(outcome, moved === task.toMove) };
    this.#write(after);
    return after;
  }

  #all(): readonly MoveTask[] {
    return this.#props.database.tasks().map((task) => JSON.parse(task) as MoveTask);
  }

  #write(task: MoveTask): void {
    this.#props.database.putTask(task.handle, task.source, task.startedAtMs, JSON.stringify(task));
  }

  #stop(handle: string): void {
    clearTimeout(this.#timers.get(handle));
    this.#timers.delete(handle);
  }
}

function ending(outcome: string, isAllMoved: boolean): Pick<MoveTask, 'status' | 'failureReason'> {
  // AWS's own word for messages that were sent to the queue directly.
  if (outcome === 'source-unknown') return { status: 'FAILED', failureReason: 'CouldNotDetermineMessageSource' };
  const isOver = isAllMoved || outcome === 'empty';
  return { status: isOver ? 'COMPLETED' : 'RUNNING', failureReason: undefined };
}

function taskHandle(source: string): string {
  return Buffer.from(JSON.stringify({ taskId: randomUUID(), sourceArn: queueArn(source) })).toString('base64');
}
