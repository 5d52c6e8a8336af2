/**
 * CloudWatch Embedded Metric Format: one line a batch, one dimension (stage), ids as properties, for a name and
 * dimension set costs $0.30 a month. Our own writer: the AWS Powertools are MIT-0 licensed, which this project does not
 * take.
 * Source: CloudWatch User Guide, "Specification: Embedded metric format"; design section 7.
 */
export type MetricName =
  | 'hook_dispatch_events_received_total'
  | 'hook_dispatch_events_refused_total'
  | 'hook_delivery_attempts_total'
  | 'hook_delivery_success_total'
  | 'hook_delivery_failures_total'
  | 'hook_deliveries_dead_lettered_total'
  | 'hook_delivery_duration_seconds'
  | 'hook_messages_refused_total'
  | 'hook_retry_poller_lag_seconds'
  | 'hook_pending_retries_count'
  | 'hook_db_errors_total'
  | 'hook_kms_errors_total'
  | 'hook_consumer_status'
  | 'hook_webhooks_active_total'
  | 'hook_api_requests_total'
  | 'hook_api_duration_seconds'
  | 'hook_captures_total'
  | 'hook_captures_held';

/** What one batch (or one API request) counted; made per invocation, so that handlers stay re-entrant. */
export interface MetricBatch {
  /** Adds to a counter; 0 makes the counter appear. */
  count(name: MetricName, by?: number): void;
  /** Adds one value of a distribution or a gauge. */
  value(name: MetricName, value: number): void;
  /** Writes the one line. Nothing is written when nothing was counted. */
  write(properties?: Readonly<Record<string, string | number>>): void;
}

export interface Metrics {
  batch(): MetricBatch;
  apiRequest(request: { readonly route: string; readonly status: number; readonly durationMs: number }): void;
}

export interface MetricsProps {
  readonly stage: string;
  readonly now?: () => number;
  readonly write?: (line: string) => void;
}

const NAMESPACE = 'Tidegate';
/** A metric's array holds at most 100 values. Source: same page, "Target members". */
const MAX_VALUES = 100;

export function createMetrics({ stage, now = Date.now, write = writeLine }: MetricsProps): Metrics {
  const batch = (): MetricBatch => {
    const values = new Map<MetricName, number[]>();
    return {
      count: (name, by = 1) => {
        values.set(name, [(values.get(name)?.[0] ?? 0) + by]);
      },
      value: (name, value) => {
        const known = values.get(name) ?? [];
        if (known.length < MAX_VALUES) values.set(name, [...known, value]);
      },
      write: (properties = {}) => {
        if (values.size > 0) write(emfLine({ stage, timestamp: now(), values, properties }));
      },
    };
  };
  return {
    batch,
    apiRequest: ({ route, status, durationMs }) => {
      const line = batch();
      line.count('hook_api_requests_total');
      line.value('hook_api_duration_seconds', durationMs / 1000);
      line.write({ route, status });
    },
  };
}

interface EmfProps {
  readonly stage: string;
  readonly timestamp: number;
  readonly values: ReadonlyMap<MetricName, readonly number[]>;
  readonly properties: Readonly<Record<string, string | number>>;
}

function emfLine({ stage, timestamp, values, properties }: EmfProps): string {
  const names = [...values.keys()];
  const metrics = names.map((name) => ({ Name: name, Unit: name.endsWith('_seconds') ? 'Seconds' : 'Count' }));
  return JSON.stringify({
    _aws: {
      Timestamp: timestamp,
      CloudWatchMetrics: [{ Namespace: NAMESPACE, Dimensions: [['stage']], Metrics: metrics }],
    },
    ...properties,
    stage,
    ...Object.fromEntries(names.map((name) => [name, only(values.get(name) ?? [])])),
  });
}

function only(values: readonly number[]): number | readonly number[] {
  const [first] = values;
  return values.length === 1 && first !== undefined ? first : values;
}

function writeLine(line: string): void {
  process.stdout.write(`${line}\n`);
}
