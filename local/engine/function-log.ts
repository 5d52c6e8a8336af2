/** What the functions print, one line each with the function's name; the file starts anew at 10 MB, keeping the last. */
import { createWriteStream, renameSync, statSync, type WriteStream } from 'node:fs';

export interface FunctionLog {
  write(logicalId: string, line: string): void;
  close(): Promise<void>;
}

const LARGEST_BYTES = 10_000_000;

/** @param isVerbose prints the lines as well. */
export function openFunctionLog(path: string, isVerbose: boolean): FunctionLog {
  let bytes = sizeOf(path);
  let stream = open(path);
  return {
    write(logicalId, line) {
      const text = `${new Date().toISOString()} ${logicalId} ${line}\n`;
      if (isVerbose) process.stdout.write(text);
      if (bytes > LARGEST_BYTES) {
        // Lines on their way are written to the renamed file: the stream holds it open, whatever its name.
        stream.end();
        renameSync(path, `${path}.1`);
        stream = open(path);
        bytes = 0;
      }
      bytes += text.length;
      stream.write(text);
    },
    close: () => new Promise((resolve) => stream.end(resolve)),
  };
}

function open(path: string): WriteStream {
  const stream = createWriteStream(path, { flags: 'a', mode: 0o600 });
  // A full disk must not end the engine for the sake of its log.
  stream.on('error', (error) => console.error(`cannot write ${path}: ${error.message}`));
  return stream;
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
