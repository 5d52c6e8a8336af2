import { isAlive } from './process-table.ts';

export interface RevivalProps {
  /** Of the server as it runs now. */
  readonly pid: () => number;
  /**
   * Whether the server that ran under this pid was killed. One that was shut down, by whoever, was meant to end; and
   * what runs on its data now may be somebody else's.
   */
  readonly wasKilled: (pid: number) => Promise<boolean>;
  /** Starts it again; a failure is tried again at the next look. */
  readonly start: () => Promise<void>;
}

export interface Revival {
  /** Ends the watch, and waits for a start that is under way. */
  end(): Promise<void>;
}

/** Asking for a process costs microseconds; connections see a dead server at once and come back by themselves. */
const LOOK_MS = 200;

/**
 * Starts a server again that was killed (by an operator, for want of memory). By its number and not by its exit event: a
 * server that was taken over is nobody's child here.
 */
export function reviveWhenDead({ pid, wasKilled, start }: RevivalProps): Revival {
  let reviving: Promise<void> | undefined;
  const revive = async (): Promise<void> => {
    if (await wasKilled(pid())) await start();
    else clearInterval(timer);
  };
  const look = (): void => {
    if (reviving !== undefined || isAlive(pid())) return;
    reviving = revive()
      .catch(() => undefined)
      .finally(() => {
        reviving = undefined;
      });
  };
  const timer = setInterval(look, LOOK_MS);
  timer.unref();
  return {
    end: async () => {
      clearInterval(timer);
      await reviving;
    },
  };
}
