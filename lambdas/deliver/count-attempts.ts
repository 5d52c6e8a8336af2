import type { Metrics } from '../adapters/metrics/metrics.ts';
import type { Made } from './settle.ts';

/** The one metrics line of a write. */
export function countAttempts(metrics: Metrics, made: readonly Made[]): void {
  if (made.length === 0) return;
  const line = metrics.batch();
  const of = (...kinds: Made['outcome']['kind'][]) => made.filter(({ outcome }) => kinds.includes(outcome.kind)).length;
  const succeeded = of('delivered', 'accepted');
  line.count('hook_delivery_attempts_total', made.length);
  line.count('hook_delivery_success_total', succeeded);
  line.count('hook_delivery_failures_total', made.length - succeeded);
  line.count('hook_deliveries_dead_lettered_total', of('exhausted'));
  for (const { record } of made) line.value('hook_delivery_duration_seconds', record.durationMs / 1000);
  line.write();
}
