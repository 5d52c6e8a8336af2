/** Which processes are there, for tests that must leave none behind. */
import { execFileSync } from 'node:child_process';

/** Command lines of all processes that mention `text`. */
export function processesNaming(text: string): string[] {
  return execFileSync('ps', ['-eo', 'args='], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line.includes(text));
}
