/** What is shown of a story that failed: the reason, and what emulator and functions had to say. */
import { troubleIn } from './function-logs.ts';
import type { Scene } from './scene.ts';

const LINES = 40;
const EMULATOR_TROUBLE = / (?:ERROR|CRITICAL|WARNING) |\bTraceback\b|\w+Error: |AccessDenied|[Ff]ailed/;

export function reasonOf(error: unknown): string {
  const reason = error instanceof Error && error.cause !== undefined ? error.cause : error;
  return reason instanceof Error ? (reason.stack ?? reason.message) : String(reason);
}

/** Never throws: the emulator may be gone. */
export async function reportOf(scene: Scene): Promise<string> {
  const output = (await scene.emulator.output()).split('\n');
  const emulator = output.filter((line) => EMULATOR_TROUBLE.test(line)).slice(-LINES);
  const functions = await scene.logs.all().then(
    (lines) =>
      [...troubleIn(lines), ...lines.slice(-LINES / 2)].slice(-LINES).map(({ group, text }) => `${group}: ${text}`),
    (error: unknown) => [`the log groups could not be read: ${String(error)}`],
  );
  return [
    '--- the emulator, lines of trouble',
    ...emulator,
    '--- the emulator, its end',
    ...output.slice(-LINES / 2),
    '--- the functions',
    ...functions,
  ].join('\n');
}
