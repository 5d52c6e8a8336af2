/** The machine's own Python, which the emulator needs and Tidegate itself does not. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

// The emulator asks for 3.10, and was tried on 3.11.
const NAMES = ['python3', 'python3.14', 'python3.13', 'python3.12', 'python3.11'];
// Debian packages `venv` and `ensurepip` apart from Python.
const PROBE =
  'import sys, venv, ensurepip; print("%d.%d" % sys.version_info[:2]); sys.exit(sys.version_info < (3, 11))';

export interface Python {
  readonly command: string;
  /** Such as `3.11`. */
  readonly version: string;
}

/** @returns undefined when there is no Python 3.11 or newer that can make virtual environments. */
export async function findPython(): Promise<Python | undefined> {
  for (const command of NAMES) {
    try {
      const { stdout } = await run(command, ['-c', PROBE]);
      return { command, version: stdout.trim() };
    } catch {
      // Not there, too old, or without venv: the next name may be another Python.
    }
  }
  return undefined;
}
