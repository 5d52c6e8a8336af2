import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { InvocationOutcome } from '../../../local/functions/function-definition.ts';
import { createFunctionHost, type FunctionHost } from '../../../local/functions/function-host.ts';

const CODE = `
let inFlight = 0;
export const handler = async (event, context) => {
  switch (event.do) {
    case 'echo': return { event, name: context.functionName, arn: context.invokedFunctionArn, remaining: context.getRemainingTimeInMillis() };
    case 'env': return { ...process.env };
    case 'undefined': return undefined;
    case 'throw': throw new RangeError('too much');
    case 'print': console.log('to stdout'); console.error('to stderr'); return null;
    case 'exit': return process.exit(3);
    case 'crash': setImmediate(() => { throw new Error('outside of the handler'); }); return new Promise(() => {});
    case 'hang': return new Promise(() => {});
    case 'spin': for (;;) {}
    case 'meet': {
      inFlight += 1;
      while (inFlight < event.parties) await new Promise((resolve) => setImmediate(resolve));
      return inFlight;
    }
  }
};`;

let folder: string;
let host: FunctionHost;
let lines: string[];
let deaths: string[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tidegate-functions-'));
  writeFileSync(join(folder, 'index.mjs'), CODE);
  lines = [];
  deaths = [];
  host = createFunctionHost({
    onOutput: (logicalId, line) => lines.push(`${logicalId}: ${line}`),
    onDeath: (logicalId) => deaths.push(logicalId),
  });
  add('Probe');
});

afterEach(async () => {
  await host.close();
  rmSync(folder, { recursive: true });
});

function add(logicalId: string, overrides: { handler?: string; timeoutSeconds?: number } = {}): void {
  host.add({
    logicalId,
    functionName: `stack-${logicalId}`,
    arn: `arn:aws:lambda:us-east-1:000000000000:function:stack-${logicalId}`,
    codeDirectory: folder,
    handler: 'index.handler',
    environment: { ONLY: 'this' },
    timeoutSeconds: 5,
    memoryMb: 256,
    ...overrides,
  });
}

function payloadOf(outcome: InvocationOutcome): unknown {
  if (outcome.kind !== 'returned') throw new Error(`${outcome.kind}: ${outcome.errorMessage}`);
  return JSON.parse(outcome.payload);
}

describe('a function in its worker', () => {
  it('gets event and context, and answers JSON', async () => {
    const payload = payloadOf(await host.invoke('Probe', { do: 'echo', n: 1 }));
    expect(payload).toMatchObject({
      event: { do: 'echo', n: 1 },
      name: 'stack-Probe',
      arn: 'arn:aws:lambda:us-east-1:000000000000:function:stack-Probe',
    });
    expect((payload as { remaining: number }).remaining).toBeGreaterThan(3_000);
    expect(payloadOf(await host.invoke('Probe', { do: 'undefined' }))).toBeNull();
  });

  it('sees its own environment alone', async () => {
    expect(payloadOf(await host.invoke('Probe', { do: 'env' }))).toEqual({ ONLY: 'this' });
  });

  it('runs several invocations at once', async () => {
    const outcomes = await Promise.all([1, 2, 3].map(() => host.invoke('Probe', { do: 'meet', parties: 3 })));
    expect(outcomes.map(payloadOf)).toEqual([3, 3, 3]);
  });

  it('reports what the handler threw', async () => {
    const outcome = await host.invoke('Probe', { do: 'throw' });
    expect(outcome).toMatchObject({ kind: 'failed', errorType: 'RangeError', errorMessage: 'too much' });
    expect(deaths).toEqual([]);
  });

  it('passes on what it prints, with its name', async () => {
    await host.invoke('Probe', { do: 'print' });
    await until(() => lines.length === 2);
    expect(lines.sort()).toEqual(['Probe: to stderr', 'Probe: to stdout']);
  });

  it.each(['exit', 'crash'])('is started again after %s, which fails all that was in flight', async (how) => {
    const hanging = host.invoke('Probe', { do: 'hang' });
    const crashing = host.invoke('Probe', { do: how });
    expect((await hanging).kind).toBe('sandbox-lost');
    expect((await crashing).kind).toBe('sandbox-lost');
    expect(deaths).toEqual(['Probe']);
    expect(payloadOf(await host.invoke('Probe', { do: 'undefined' }))).toBeNull();
  });

  it('can be killed for a drill', async () => {
    const hanging = host.invoke('Probe', { do: 'hang' });
    await host.kill('Probe');
    expect((await hanging).kind).toBe('sandbox-lost');
    expect(deaths).toEqual(['Probe']);
    expect(payloadOf(await host.invoke('Probe', { do: 'undefined' }))).toBeNull();
  });

  it('fails an invocation past its timeout, and leaves its neighbours running', async () => {
    add('Quick', { timeoutSeconds: 0.2 });
    const hanging = host.invoke('Quick', { do: 'hang' });
    expect(await hanging).toMatchObject({ kind: 'timed-out', errorMessage: 'Task timed out after 0.20 seconds' });
    expect(payloadOf(await host.invoke('Quick', { do: 'undefined' }))).toBeNull();
    expect(deaths).toEqual([]);
  });

  it('is ended when its event loop is stuck past the timeout', async () => {
    // A second, for the new worker's own start counts too.
    add('Stuck', { timeoutSeconds: 1 });
    expect((await host.invoke('Stuck', { do: 'spin' })).kind).toBe('timed-out');
    await until(() => deaths.includes('Stuck'));
    expect(payloadOf(await host.invoke('Stuck', { do: 'undefined' }))).toBeNull();
  });

  it.each([
    ['index.missing', 'Runtime.HandlerNotFound'],
    ['nowhere.handler', 'Runtime.ImportModuleError'],
  ])('fails when its handler is %s', async (handler, errorType) => {
    add('Broken', { handler });
    expect(await host.invoke('Broken', {})).toMatchObject({ kind: 'failed', errorType });
    expect(await host.invoke('Broken', {})).toMatchObject({ kind: 'failed', errorType });
  });

  it('is found by logical id, name and ARN', async () => {
    const arn = 'arn:aws:lambda:us-east-1:000000000000:function:stack-Probe';
    for (const name of ['Probe', 'stack-Probe', arn]) expect(host.find(name)?.logicalId).toBe('Probe');
    expect(host.find('Other')).toBeUndefined();
    expect(await host.invoke('Other', {})).toMatchObject({ kind: 'failed', errorType: 'ResourceNotFoundException' });
  });
});

async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 5_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error('waited 5 s in vain');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
