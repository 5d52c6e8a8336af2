import { Command, InvalidArgumentError } from 'commander';
import { type Bundle, measureBundles } from './bundles.ts';
import { calibrate } from './calibration.ts';
import { type Calls, measureCalls } from './calls.ts';
import { startEngine } from './engine-process.ts';
import { type Latency, measureLatency } from './latency.ts';
import { startSink } from './sink-process.ts';
import { measureThroughput, type Throughput } from './throughput.ts';
import { registerWebhooks } from './workload.ts';

const PARTS = ['throughput', 'latency', 'calls', 'bundles'] as const;
type Part = (typeof PARTS)[number];

const command = new Command('npm run bench --')
  .description('Measures Tidegate on this machine over real sockets with durable data; see bench/README.md.')
  .option('--seconds <n>', 'length of each load', positive, 20)
  .option('--only <parts>', `comma-separated parts of: ${PARTS.join(', ')}`, parts, [...PARTS])
  .option('--calls', 'count calls per delivery alone, as --only calls')
  .option('--json', 'print the figures as JSON alone')
  .addHelpText(
    'after',
    '\nExamples:\n  npm run bench\n  npm run bench -- --only latency --seconds 60\n  npm run bench -- --json > figures.json',
  )
  .parse();
const { seconds, json, ...options } = command.opts<Options>();
const only: readonly Part[] = options.calls === true ? ['calls'] : options.only;

interface Options {
  readonly seconds: number;
  readonly only: Part[];
  readonly calls?: boolean;
  readonly json?: boolean;
}

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError('must be a number of seconds above 0');
  return value;
}

function parts(text: string): Part[] {
  return text.split(',').map((name) => {
    const part = PARTS.find((known) => known === name);
    if (part === undefined) throw new InvalidArgumentError(`${name} is none of ${PARTS.join(', ')}`);
    return part;
  });
}

const say = (line: string): void => console.error(line);

say('calibrating …');
const calibration = await calibrate(Math.min(seconds, 5));
const throughput: Throughput[] = [];
const latency: Latency[] = [];
let calls: Calls | undefined;
let startMs: number | undefined;
if (only.some((part) => part !== 'bundles')) {
  say('starting the engine …');
  const engine = await startEngine();
  startMs = engine.startMs;
  const sink = await startSink();
  try {
    const load = {
      engineUrl: engine.url,
      enginePid: engine.pid,
      token: await registerWebhooks(engine.url, sink.url),
      sink,
      seconds,
    };
    if (only.includes('calls')) {
      say('counting calls …');
      calls = await measureCalls({ engine, token: load.token, sink });
    }
    if (only.includes('latency') || only.includes('throughput')) {
      say('warming up …');
      await measureThroughput({ ...load, connections: 16, seconds: Math.min(5, seconds) });
    }
    for (const perSecond of only.includes('latency') ? [50, 200] : []) {
      say(`latency at ${perSecond} events/s …`);
      latency.push(await measureLatency({ ...load, perSecond }));
    }
    for (const connections of only.includes('throughput') ? [16, 64] : []) {
      say(`throughput with ${connections} connections …`);
      throughput.push(await measureThroughput({ ...load, connections }));
    }
  } finally {
    sink.stop();
    await engine.stop();
  }
}
if (only.includes('bundles')) say('loading bundles …');
const bundles: Bundle[] = only.includes('bundles') ? await measureBundles() : [];

if (json === true)
  console.log(JSON.stringify({ calibration, startMs, throughput, latency, calls, bundles }, undefined, 2));
else print();

function print(): void {
  const { postsPerSecond, hmacsPerSecond } = calibration;
  console.log(`calibration: ${round(postsPerSecond)} bare POSTs/s, ${round(hmacsPerSecond)} HMACs/s of 2 KB`);
  if (startMs !== undefined) console.log(`engine: ready ${round(startMs)} ms after its start`);
  if (throughput.length > 0) {
    console.table(
      throughput.map((run) => ({
        connections: run.connections,
        accepted: run.accepted,
        refused: run.refused,
        'deliveries/s': round(run.deliveriesPerSecond),
        'of bare POSTs': `${((run.deliveriesPerSecond / postsPerSecond) * 100).toFixed(2)} %`,
        'CPU s/1000': run.cpuSecondsPer1000.toFixed(2),
        MiB: round(run.memoryMiB),
      })),
    );
  }
  if (latency.length > 0) {
    console.table(
      latency.map(({ perSecond, p50Ms, p99Ms, maxMs }) => ({
        'events/s': perSecond,
        'p50 ms': p50Ms.toFixed(1),
        'p99 ms': p99Ms.toFixed(1),
        'max ms': maxMs.toFixed(1),
      })),
    );
  }
  if (calls !== undefined) {
    const { deliveries, dataApiPerDelivery, sqsPerDelivery } = calls;
    console.log(
      `calls per delivery in full batches (${deliveries}): Data API ${dataApiPerDelivery.toFixed(2)}, SQS ${sqsPerDelivery.toFixed(2)}`,
    );
  }
  if (bundles.length > 0) {
    console.table(
      bundles.map(({ name, kilobytes, coldLoadMs }) => ({
        name,
        kB: round(kilobytes),
        'cold load ms': round(coldLoadMs),
      })),
    );
  }
}

function round(value: number): number {
  return Math.round(value);
}
