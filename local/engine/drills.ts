/** `POST /_local/drills` `{ "kill": "<function>" }`: ends a function's worker as a crash would, to see what it leaves. */
import { z } from 'zod';
import type { FunctionHost } from '../functions/function-host.ts';
import type { LocalHandler } from '../http-api/local-handlers.ts';

const drill = z.strictObject({ kill: z.string() });

export function drillHandler(functions: FunctionHost): LocalHandler {
  return async ({ method, body }) => {
    if (method !== 'POST') return { status: 405, headers: { allow: 'POST' }, body: '' };
    const parsed = drill.safeParse(parseJson(body));
    const found = parsed.success ? functions.find(parsed.data.kill) : undefined;
    if (found === undefined) return refusal('give { kill } with the name of a function');
    await functions.kill(found.logicalId);
    return { status: 200, headers: { 'content-type': 'application/json' }, body: '{}' };
  };
}

function refusal(message: string): Awaited<ReturnType<LocalHandler>> {
  return {
    status: 400,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ error: 'VALIDATION_ERROR', message }),
  };
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}
