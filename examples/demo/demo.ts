import { type CorpusEvent, githubEvents } from './corpus.ts';
import { Receiver, type Temper } from './receiver.ts';
import { TidegateClient } from './tidegate-client.ts';

const TEMPERS: readonly Temper[] = [...Array<Temper>(8).fill('healthy'), 'fails-at-first', 'fails-for-good'];
const ENDED = new Set(['delivered', 'dead_letter', 'failed', 'cancelled']);
const POLL_MS = 250;
const PUBLISHERS = 4;

/** What has become of every delivery so far. */
export interface DemoProgress {
  readonly published: number;
  readonly expected: number;
  readonly byStatus: Readonly<Record<string, number>>;
  readonly retries: number;
}

export interface DemoTally {
  readonly events: number;
  readonly receivers: number;
  readonly deliveries: number;
  readonly delivered: number;
  readonly deadLettered: number;
  readonly requests: number;
  readonly badSignatures: number;
  /** Deliveries that the API calls delivered and no receiver accepted, or the other way round. */
  readonly disagreements: number;
  /** Whether events × receivers = delivered + dead letters, and both sides agree. */
  readonly addsUp: boolean;
}

interface DemoProps {
  readonly url: string;
  readonly events?: number;
  /** Deliveries still open after this long end the demo with an error. */
  readonly timeoutMs: number;
  readonly onProgress?: (progress: DemoProgress) => void;
}

interface Delivery {
  readonly deliveryId: string;
  readonly status: string;
  readonly attemptCount: number;
}

/**
 * Sends real GitHub payloads to ten receivers (one fails at first, one for good) through a running Tidegate and counts
 * what became of each, from both ends.
 */
export async function runDemo(props: DemoProps): Promise<DemoTally> {
  const receivers = TEMPERS.map((temper) => new Receiver(temper));
  const account = `demo-${Date.now().toString(36)}`;
  const client = await TidegateClient.login(props.url, account, 'events:write');
  const giveUp = new AbortController();
  try {
    await Promise.all(receivers.map((receiver) => register(client, receiver)));
    const events = githubEvents(props.events);
    const expected = events.length * receivers.length;
    let published = 0;
    const report = (deliveries: readonly Delivery[]): void =>
      props.onProgress?.(progressOf(published, expected, deliveries));
    const onPublished = (): void => {
      published += 1;
    };
    // Deliveries are on their way while further events are published, and the progress shows both.
    const [deliveries] = await Promise.all([
      allEnded({ client, expected, timeoutMs: props.timeoutMs, report, signal: giveUp.signal }),
      publishAll({ client, events, signal: giveUp.signal, onPublished }),
    ]);
    return tally(events.length, receivers, deliveries);
  } finally {
    // When one of the two failed, the other must not go on.
    giveUp.abort();
    await Promise.all(receivers.map((receiver) => receiver.close()));
  }
}

interface PublishProps {
  readonly client: TidegateClient;
  readonly events: readonly CorpusEvent[];
  readonly signal: AbortSignal;
  readonly onPublished: () => void;
}

async function publishAll({ client, events, signal, onPublished }: PublishProps): Promise<void> {
  const left = events.values();
  const publish = async (): Promise<void> => {
    for (const event of left) {
      signal.throwIfAborted();
      await client.call('POST', '/v1/events', event);
      onPublished();
    }
  };
  await Promise.all(Array.from({ length: PUBLISHERS }, publish));
}

async function register(client: TidegateClient, receiver: Receiver): Promise<void> {
  const url = await receiver.listen();
  const { secret } = await client.call<{ secret: string }>('POST', '/v1/webhooks', { url, events: ['github.*'] });
  receiver.trust(secret);
}

interface WaitProps {
  readonly client: TidegateClient;
  readonly expected: number;
  readonly timeoutMs: number;
  readonly report: (deliveries: readonly Delivery[]) => void;
  readonly signal: AbortSignal;
}

async function allEnded({ client, expected, timeoutMs, report, signal }: WaitProps): Promise<Delivery[]> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    signal.throwIfAborted();
    const deliveries: Delivery[] = [];
    for await (const delivery of client.list<Delivery>('/v1/deliveries')) deliveries.push(delivery);
    report(deliveries);
    const open = deliveries.filter(({ status }) => !ENDED.has(status)).length;
    if (open === 0 && deliveries.length === expected) return deliveries;
    if (Date.now() > deadline) {
      throw new Error(`${open} deliveries are open and ${expected - deliveries.length} unmade after ${timeoutMs} ms`);
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

function progressOf(published: number, expected: number, deliveries: readonly Delivery[]): DemoProgress {
  const byStatus: Record<string, number> = {};
  for (const { status } of deliveries) byStatus[status] = (byStatus[status] ?? 0) + 1;
  const retries = deliveries.reduce((sum, { attemptCount }) => sum + Math.max(0, attemptCount - 1), 0);
  return { published, expected, byStatus, retries };
}

function tally(events: number, receivers: readonly Receiver[], deliveries: readonly Delivery[]): DemoTally {
  const accepted = new Set(receivers.flatMap((receiver) => [...receiver.accepted.keys()]));
  const delivered = deliveries.filter(({ status }) => status === 'delivered');
  const deadLettered = deliveries.filter(({ status }) => status === 'dead_letter').length;
  const unseen = delivered.filter(({ deliveryId }) => !accepted.has(deliveryId)).length;
  const disagreements = unseen + (accepted.size - (delivered.length - unseen));
  const badSignatures = receivers.reduce((sum, receiver) => sum + receiver.badSignatures, 0);
  return {
    events,
    receivers: receivers.length,
    deliveries: deliveries.length,
    delivered: delivered.length,
    deadLettered,
    requests: receivers.reduce((sum, { attempts }) => sum + [...attempts.values()].reduce((a, b) => a + b, 0), 0),
    badSignatures,
    disagreements,
    addsUp:
      deliveries.length === events * receivers.length &&
      delivered.length + deadLettered === deliveries.length &&
      deadLettered === events &&
      disagreements === 0 &&
      badSignatures === 0,
  };
}
