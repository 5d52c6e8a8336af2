import { SingleBar } from 'cli-progress';

export interface Progress {
  /** @param name of what is done now. */
  step(name: string): void;
  stop(): void;
}

/** A bar on a terminal, nothing elsewhere; it is gone when the work is done. */
export function startProgress(stream: NodeJS.WritableStream, total: number): Progress {
  const bar = new SingleBar({
    format: 'checking {bar} {value}/{total}  {name}',
    stream,
    noTTYOutput: false,
    clearOnComplete: true,
    hideCursor: true,
  });
  bar.start(total, 0, { name: '' });
  return { step: (name) => bar.increment(1, { name }), stop: () => bar.stop() };
}
