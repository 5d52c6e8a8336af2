/** EventBridge Scheduler: wakes functions by the clock. */
import { z } from 'zod';
import { readPrivateFile, writePrivateFile } from '../services/private-file.ts';
import type { Timetable } from './schedule-expression.ts';

export interface ScheduleDefinition {
  readonly logicalId: string;
  readonly functionId: string;
  readonly timetable: Timetable;
  /** What the function gets. */
  readonly input: unknown;
  readonly isEnabled: boolean;
}

export interface SchedulesProps {
  readonly definitions: readonly ScheduleDefinition[];
  /** Resolves when the run has ended, well or not. */
  readonly invoke: (definition: ScheduleDefinition) => Promise<void>;
  /** Remembers the last runs of cron expressions; absent: for this run alone. */
  readonly stateFile: string | undefined;
  /** @default Date.now */
  readonly now?: () => number;
}

export interface Schedules {
  /** Stops the clocks; runs under way go on. */
  stop(): void;
}

const stateSchema = z.record(z.string(), z.iso.datetime());

// Timers do not count the time that a machine sleeps, and hold 24.8 days at most: the clock is looked at anew.
const LONGEST_TIMER_MS = 30_000;

/**
 * What came due while the engine was not running runs once at the start, however often it was missed: rates always,
 * cron expressions when their last run is known. A run that is due while the last one is under way is passed over.
 */
export function startSchedules(props: SchedulesProps): Schedules {
  const lastRuns = readState(props.stateFile);
  const now = props.now ?? Date.now;
  const enabled = props.definitions.filter(({ isEnabled }) => isEnabled);
  const clocks = enabled.map((definition) =>
    startClock({
      definition,
      now,
      lastRun: lastRuns[definition.logicalId],
      run: async () => {
        if (definition.timetable.kind === 'cron') {
          lastRuns[definition.logicalId] = new Date(now()).toISOString();
          if (props.stateFile !== undefined) writePrivateFile(props.stateFile, JSON.stringify(lastRuns));
        }
        await props.invoke(definition);
      },
    }),
  );
  return {
    stop() {
      for (const clock of clocks) clock.stop();
    },
  };
}

interface ClockProps {
  readonly definition: ScheduleDefinition;
  readonly now: () => number;
  readonly lastRun: string | undefined;
  readonly run: () => Promise<void>;
}

function startClock({ definition, now, lastRun, run }: ClockProps): Schedules {
  const { timetable } = definition;
  const startedAt = new Date(now());
  let due =
    timetable.kind === 'rate' ? startedAt : timetable.next(lastRun === undefined ? startedAt : new Date(lastRun));
  let isRunning = false;
  let timer: NodeJS.Timeout;

  const tick = (): void => {
    if (due !== undefined && due.getTime() <= now()) {
      due = timetable.next(new Date(now()));
      if (!isRunning) {
        isRunning = true;
        void run().finally(() => {
          isRunning = false;
        });
      }
    }
    const leftMs = due === undefined ? LONGEST_TIMER_MS : due.getTime() - now();
    timer = setTimeout(tick, Math.min(Math.max(leftMs, 0), LONGEST_TIMER_MS));
  };
  tick();
  return { stop: () => clearTimeout(timer) };
}

function readState(file: string | undefined): Record<string, string> {
  const text = file === undefined ? undefined : readPrivateFile(file);
  return text === undefined ? {} : stateSchema.parse(JSON.parse(text));
}
