import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type ControlBucket, createControlBucket } from '../../../lambdas/adapters/control-bucket/control-bucket.ts';
import { dueMarkerKey, dueMarkers, sweptMarkers } from '../../../lambdas/domain/due-marker/due-marker.ts';
import { openObjectStore } from '../../../local/objects/object-store.ts';
import { S3Service } from '../../../local/objects/s3-service.ts';
import { createFaults, type Faults } from '../../../local/services/faults.ts';
import { type ServiceServer, startServiceServer } from '../../../local/services/server.ts';

const MINUTE = 60_000;
const START = Date.parse('2026-11-22T17:05:30Z');
let folder: string;

let server: ServiceServer;
let faults: Faults;
let client: S3Client;
let bucket: ControlBucket;
let nowMs: number;
let puts: string[];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tidegate-control-'));
  const store = await openObjectStore({ folder });
  await store.createBucket('control');
  faults = createFaults();
  const authorizer = Object.assign(() => undefined, { seen: () => [] });
  server = await startServiceServer({ services: [new S3Service({ store })], authorizer, faults });
  client = new S3Client({
    endpoint: `${server.url}/s3`,
    region: 'us-east-1',
    forcePathStyle: true,
    maxAttempts: 1,
    credentials: { accessKeyId: 'operator', secretAccessKey: 'x' },
  });
  client.middlewareStack.add((next) => (args) => {
    if ('Key' in args.input) puts.push(String(args.input.Key));
    return next(args);
  });
});
afterAll(async () => {
  client.destroy();
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(() => {
  nowMs = START;
  puts = [];
  faults.set('s3', { mode: 'up' });
  bucket = createControlBucket({ client, bucket: 'control', now: () => nowMs });
});

describe('the control bucket', () => {
  it('writes a marker once per container and minute, its minute rounded up', async () => {
    for (let n = 0; n < 5; n++) await bucket.markDue([START + 10 * MINUTE + n, START + 90 * MINUTE]);
    expect(puts.sort()).toEqual(['due/2026-11-22T17:16Z', 'due/2026-11-22T18:36Z']);
  });

  it('lists what is due up to a time, oldest first, and deletes', async () => {
    await bucket.markDue([START + 2 * MINUTE, START + 60 * MINUTE, START + MINUTE]);
    const found = await bucket.listMarkers(START + 2 * MINUTE);
    expect(found).toEqual(['due/2026-11-22T17:07Z', 'due/2026-11-22T17:08Z']);
    await bucket.deleteMarkers(found);
    await bucket.deleteMarkers([]);
    expect(await bucket.listMarkers(START + 2 * MINUTE)).toEqual([]);
  });

  it('marks for work that is due already a marker that outlives every sweep of the next minute', async () => {
    // The row is committed after this; a sweep that began before the commit must leave the marker.
    for (const second of [0, 1, 30, 59, 59.999]) {
      nowMs = Math.floor(START / MINUTE) * MINUTE + second * 1000;
      puts = [];
      bucket = createControlBucket({ client, bucket: 'control', now: () => nowMs });
      await bucket.markDue([nowMs - 10 * MINUTE]);
      expect(puts).toHaveLength(1);
      expect(sweptMarkers(puts, nowMs + MINUTE - 1)).toEqual([]);
      // And the next sweep looks, whenever it begins.
      expect(dueMarkers(puts, nowMs + MINUTE - 1)).toEqual(puts);
    }
  });

  it('tells when a marker cannot be written, and writes it with the next one that can', async () => {
    faults.set('s3', { mode: 'down' });
    await expect(bucket.markDue([START + 200 * MINUTE])).rejects.toThrow();
    faults.set('s3', { mode: 'up' });
    await bucket.markDue([START + 300 * MINUTE]);
    const found = await bucket.listMarkers(START + 400 * MINUTE);
    expect(found).toContain(dueMarkerKey(START + 200 * MINUTE));
    expect(found).toContain(dueMarkerKey(START + 300 * MINUTE));
  });

  it('reads an object’s text, and knows when there is none', async () => {
    await client.send(new PutObjectCommand({ Bucket: 'control', Key: 'state/schema.json', Body: '{"version":11}' }));
    expect(await bucket.readText('state/schema.json')).toBe('{"version":11}');
    expect(await bucket.readText('state/none.json')).toBeUndefined();
  });
});
