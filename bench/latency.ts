import { Agent, request } from 'undici';
import type { LoadProps } from './throughput.ts';
import { allArrived } from './throughput.ts';
import { eventBody } from './workload.ts';

export interface Latency {
  readonly perSecond: number;
  readonly events: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

export interface LatencyProps extends Omit<LoadProps, 'connections' | 'enginePid'> {
  readonly perSecond: number;
}

/**
 * POST → receiver at a fixed rate. Open loop: each event has its own time to be sent, whether or not the ones before it
 * were answered, and its latency counts from that time, so that a stall is not hidden by the events it held up.
 */
export async function measureLatency({ engineUrl, token, sink, perSecond, seconds }: LatencyProps): Promise<Latency> {
  await sink.reset();
  const agent = new Agent({ connections: 64 });
  const total = perSecond * seconds;
  const startMs = performance.timeOrigin + performance.now() + 100;
  const answers: Promise<void>[] = [];
  for (let index = 0; index < total; index++) {
    const dueMs = startMs + (index * 1000) / perSecond;
    const waitMs = dueMs - (performance.timeOrigin + performance.now());
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    answers.push(post(`${engineUrl}/v1/events`, { agent, token, body: eventBody(index, dueMs) }));
  }
  await Promise.all(answers);
  await allArrived(sink, total);
  const { latenciesMs } = await sink.report();
  await agent.close();
  const sorted = latenciesMs.toSorted((a, b) => a - b);
  return { perSecond, events: total, p50Ms: at(sorted, 0.5), p99Ms: at(sorted, 0.99), maxMs: at(sorted, 1) };
}

async function post(url: string, { agent, token, body }: { agent: Agent; token: string; body: string }): Promise<void> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const response = await request(url, { method: 'POST', dispatcher: agent, headers, body });
  await response.body.dump();
  if (response.statusCode !== 202) throw new Error(`POST /v1/events answered ${response.statusCode}`);
}

function at(sorted: readonly number[], quantile: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * quantile))] ?? Number.NaN;
}
