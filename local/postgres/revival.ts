import { isAlive } from './process-table.ts';

export interface RevivalProps {
  /** Of the server as it runs now. */
  readonly pid: () => number;
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
 * Starts a server again that died by itself (killed, out of memory). By its number and not by its exit event: a server
 * that was taken over is nobody's child here.
 */
export function reviveWhenDead({ pid, start }: RevivalProps): Revival {
  let starting: Promise<void> | undefined;
  const look = (): void => {
    if (starting !== undefined || isAlive(pid())) return;
    starting = start()
      .catch(() => undefined)
      .finally(() => {
        starting = undefined;
      });
  };
  const timer = setInterval(look, LOOK_MS);
  timer.unref();
  return {
    end: async () => {
      clearInterval(timer);
      await starting;
    },
  };
}
