import autocannon from 'autocannon';
import { usageOf } from './process-tree.ts';
import type { Sink } from './sink-process.ts';
import { eventBody, WEBHOOKS } from './workload.ts';

export interface Throughput {
  readonly connections: number;
  readonly accepted: number;
  readonly refused: number;
  readonly delivered: number;
  readonly acceptedPerSecond: number;
  /** All deliveries over the time from the first POST to the last arrival. */
  readonly deliveriesPerSecond: number;
  readonly cpuSecondsPer1000: number;
  readonly memoryMiB: number;
}

export interface LoadProps {
  readonly engineUrl: string;
  readonly enginePid: number;
  readonly token: string;
  readonly sink: Sink;
  readonly connections: number;
  readonly seconds: number;
}

/** As many POSTs of one event as the connections manage, then waits until every accepted event has arrived. */
export async function measureThroughput(props: LoadProps): Promise<Throughput> {
  const { sink, enginePid, connections, seconds } = props;
  await sink.reset();
  const before = await usageOf(enginePid);
  const startedMs = performance.timeOrigin + performance.now();
  const result = await autocannon({
    url: `${props.engineUrl}/v1/events`,
    connections,
    duration: seconds,
    requests: Array.from({ length: WEBHOOKS }, (_, index) => ({
      method: 'POST',
      headers: { authorization: `Bearer ${props.token}`, 'content-type': 'application/json' },
      body: eventBody(index),
    })),
  });
  const accepted = result['2xx'];
  const peak = await usageOf(enginePid);
  const { arrived, lastArrivalMs } = await allArrived(sink, accepted);
  const after = await usageOf(enginePid);
  return {
    connections,
    accepted,
    refused: result.non2xx + result.errors,
    delivered: arrived,
    acceptedPerSecond: accepted / seconds,
    deliveriesPerSecond: arrived / ((lastArrivalMs - startedMs) / 1000),
    cpuSecondsPer1000: ((after.cpuSeconds - before.cpuSeconds) / arrived) * 1000,
    memoryMiB: Math.max(peak.memoryBytes, after.memoryBytes) / 2 ** 20,
  };
}

const QUIET_LIMIT_MS = 60_000;

/** @throws Error when nothing has arrived for a minute and some are still missing. */
export async function allArrived(sink: Sink, expected: number): Promise<{ arrived: number; lastArrivalMs: number }> {
  let known = -1;
  let changedMs = performance.now();
  for (;;) {
    const report = await sink.report();
    if (report.arrived >= expected) return report;
    if (report.arrived !== known) {
      known = report.arrived;
      changedMs = performance.now();
    }
    if (performance.now() - changedMs > QUIET_LIMIT_MS) {
      throw new Error(`${expected - report.arrived} of ${expected} events have not arrived`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
