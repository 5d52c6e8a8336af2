import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SingleBar } from 'cli-progress';
import { type DemoTally, runDemo } from './demo.ts';

const USAGE = `Usage: npm run demo [-- --url URL] [--events N]

Sends real GitHub payloads to ten receivers that verify every signature; one fails at first, one for good.

  --url URL    a running Tidegate (default: starts one of its own, with short retries, and stops it again)
  --events N   only the first N payloads of the corpus (default: all)`;

interface Options {
  readonly url?: string;
  readonly events?: number;
}

function parseOptions(words: readonly string[]): Options {
  const options: { url?: string; events?: number } = {};
  for (let i = 0; i < words.length; i += 2) {
    const value = words[i + 1];
    if (words[i] === '--url' && value !== undefined) options.url = value.replace(/\/$/, '');
    else if (words[i] === '--events' && Number.isInteger(Number(value)) && Number(value) > 0)
      options.events = Number(value);
    else {
      const isHelp = words[i] === '--help';
      (isHelp ? console.log : console.error)(USAGE);
      process.exit(isHelp ? 0 : 2);
    }
  }
  return options;
}

/** A Tidegate of the demo's own, with retries within seconds, in a folder that goes away. */
async function startOwn(): Promise<{ url: string; stop: () => Promise<void> }> {
  const data = await mkdtemp(join(tmpdir(), 'tidegate-demo-'));
  const engine = spawn(
    process.execPath,
    ['bin/local.ts', '--port', '0', '--data', data, '-c', 'retryScheduleSeconds=1,1,2', '-c', 'sweepSeconds=5'],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  const ended = new Promise<void>((resolve) => engine.once('exit', () => resolve()));
  const stop = async (): Promise<void> => {
    engine.kill('SIGTERM');
    await ended;
    await rm(data, { recursive: true, force: true });
  };
  // Ctrl-C reaches the engine, too; its folder goes when it has stopped.
  process.once('SIGINT', () => void stop().finally(() => process.exit(130)));
  for (;;) {
    if (engine.exitCode !== null) throw new Error(`the engine ended with ${engine.exitCode}`);
    const written = await readFile(join(data, 'engine.json'), 'utf8').catch(() => '');
    if (written !== '') return { url: (JSON.parse(written) as { url: string }).url, stop };
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

function print(tally: DemoTally): void {
  console.log(`
  ${tally.events} events × ${tally.receivers} receivers = ${tally.deliveries} deliveries
  ${String(tally.delivered).padStart(7)} delivered, as their receivers agree${tally.disagreements === 0 ? '' : ` but for ${tally.disagreements}`}
  ${String(tally.deadLettered).padStart(7)} dead letters, all of the receiver that fails for good
  ${String(tally.requests).padStart(7)} requests, ${tally.badSignatures} with a signature that did not verify
  ${tally.addsUp ? 'It adds up.' : 'IT DOES NOT ADD UP.'}`);
}

const options = parseOptions(process.argv.slice(2));
console.log(options.url === undefined ? 'Starting a Tidegate …' : `Using ${options.url}`);
const own = options.url === undefined ? await startOwn() : undefined;
const bar = new SingleBar({
  format: '  {bar} {ended}/{total} ended · published {published} · retries {retries} · dead letters {deadLetters}',
  hideCursor: true,
  noTTYOutput: true,
  notTTYSchedule: 2_000,
});
try {
  const tally = await runDemo({
    url: own?.url ?? options.url ?? '',
    ...(options.events === undefined ? {} : { events: options.events }),
    timeoutMs: 300_000,
    onProgress: ({ published, expected, byStatus, retries }) => {
      const deadLetters = byStatus.dead_letter ?? 0;
      const ended = (byStatus.delivered ?? 0) + deadLetters;
      if (bar.isActive) bar.update(ended, { ended, published, retries, deadLetters });
      else bar.start(expected, ended, { ended, published, retries, deadLetters });
    },
  });
  bar.stop();
  print(tally);
  process.exitCode = tally.addsUp ? 0 : 1;
} finally {
  bar.stop();
  await own?.stop();
}
