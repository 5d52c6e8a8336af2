/** What an operator of a running engine does to it and reads of it: drills, queue depths, rows. */
import { execFileSync } from 'node:child_process';
import { GetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import pg from 'pg';
import type { EngineFile } from '../../local/engine/engine-file.ts';
import type { FaultName } from '../../local/services/faults.ts';

export type QueueName = 'Events' | 'Deliveries' | 'Retries' | 'DeadLetters';

export interface Depth {
  readonly visible: number;
  /** Handed out, or waiting out a backoff. */
  readonly inFlight: number;
  readonly delayed: number;
}

type Drill = 'up' | 'down' | { readonly slowMs: number };

export class Operator {
  readonly #engine: EngineFile;
  readonly #sqs: SQSClient;

  constructor(engine: EngineFile) {
    this.#engine = engine;
    this.#sqs = new SQSClient({
      endpoint: engine.endpoints.sqs,
      useQueueUrlAsEndpoint: false,
      region: 'us-east-1',
      credentials: { accessKeyId: 'operator', secretAccessKey: 'operator' },
    });
  }

  async fault(service: FaultName, drill: Drill): Promise<void> {
    const mode = typeof drill === 'string' ? { mode: drill } : { mode: 'slow', delayMs: drill.slowMs };
    await this.#put('PUT', '/_local/faults', { service, ...mode });
  }

  /** Ends a function's worker as a crash would. @param name such as `Deliver` */
  killFunction(name: string): Promise<void> {
    return this.#put('POST', '/_local/drills', { kill: name });
  }

  async depth(queue: QueueName): Promise<Depth> {
    const { Attributes = {} } = await this.#sqs.send(
      new GetQueueAttributesCommand({ QueueUrl: this.#engine.outputs[`${queue}QueueUrl`], AttributeNames: ['All'] }),
    );
    return {
      visible: Number(Attributes.ApproximateNumberOfMessages),
      inFlight: Number(Attributes.ApproximateNumberOfMessagesNotVisible),
      delayed: Number(Attributes.ApproximateNumberOfMessagesDelayed),
    };
  }

  /** A statement of the owner's, past the Data API and its drills. */
  async rows<Row extends pg.QueryResultRow>(sql: string, values: readonly unknown[] = []): Promise<Row[]> {
    const client = new pg.Client({ connectionString: this.#engine.databaseUrl });
    // A drill may kill the server under it.
    client.on('error', () => undefined);
    await client.connect();
    try {
      return (await client.query<Row>(sql, [...values])).rows;
    } finally {
      await client.end();
    }
  }

  /** Of the server that is there now: an engine that was killed leaves its own to the next. */
  postmasterPid(): number {
    const { port } = new URL(this.#engine.databaseUrl);
    const lines = execFileSync('ps', ['-eo', 'pid=,args='], { encoding: 'utf8' }).split('\n');
    const line = lines.find((text) => / -D /.test(text) && text.trimEnd().endsWith(`port=${port}`));
    if (line === undefined) throw new Error(`no PostgreSQL on port ${port}`);
    return Number.parseInt(line, 10);
  }

  close(): void {
    this.#sqs.destroy();
  }

  async #put(method: 'PUT' | 'POST', path: string, body: unknown): Promise<void> {
    const response = await fetch(this.#engine.url + path, { method, body: JSON.stringify(body) });
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${await response.text()}`);
  }
}
