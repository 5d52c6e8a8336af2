import type { KeyObject } from 'node:crypto';
import type { SendResult } from '../adapters/http-out/sender.ts';
import { KmsFault, SealFault } from '../adapters/secrets/kms-fault.ts';
import type { SealPlace } from '../adapters/secrets/sealed-text.ts';
import { type AttemptError, errorText } from '../domain/attempt-outcome/attempt-error.ts';
import { type Answer, type AttemptOutcome, outcomeOf } from '../domain/attempt-outcome/attempt-outcome.ts';
import { receiverBody } from '../domain/body/receiver-body.ts';
import type { AttemptRecord, WebhookSnapshot } from '../domain/messages/delivery-message.ts';
import type { Lane } from '../domain/retry-schedule/carriage.ts';
import { parseEd25519SecretKey } from '../domain/secret/ed25519-key.ts';
import { parseSecret, type WebhookSecret } from '../domain/secret/webhook-secret.ts';
import { buildHeaders } from '../domain/signature/delivery-headers.ts';
import type { SecretsInForce } from '../domain/signature/signing-key.ts';
import { cleanText, truncateChars } from '../domain/text/clean-text.ts';
import { capturedBody } from '../domain/text/response-body.ts';
import type { DeliverContext } from './deliver-context.ts';
import { readPayload } from './read-payload.ts';
import type { Task } from './task.ts';

export type Attempted =
  | { readonly kind: 'made'; readonly task: Task; readonly record: AttemptRecord; readonly outcome: AttemptOutcome }
  /** A fault of ours (database, KMS): nothing was sent and no attempt counts. */
  | { readonly kind: 'deferred'; readonly task: Task; readonly error: unknown };

/** The database, KMS or the payload took so long that a send would outlive its lease: another one might begin. */
class LeaseTooShort extends Error {
  readonly code = 'LEASE_TOO_SHORT';
}

const LAST_ERROR_MAX_CHARS = 1_024;
/** What a lease must still cover when the receiver's time is over: the write of the result. */
const WRITE_MS = 5_000;

/** Signs and sends one delivery. Never throws. */
export async function attempt(context: DeliverContext, task: Task, lane: Lane): Promise<Attempted> {
  try {
    const startedAt = context.now();
    const result = await send(context, task, startedAt);
    const outcome = await decide(context, { task, lane, answer: answerOf(result) });
    return { kind: 'made', task, outcome, record: recordOf({ task, startedAt, result, outcome }) };
  } catch (error) {
    return { kind: 'deferred', task, error };
  }
}

async function send(context: DeliverContext, task: Task, nowMs: number): Promise<SendResult> {
  const data = task.event.payload ?? (await readPayload(context.database, task.eventUuid));
  if (data === undefined) return unsent('the event is not stored any more');
  if (task.webhook === undefined) return unsent("the account's key was deleted");
  const keys = await openKeys(context, task, task.webhook);
  if (keys === undefined) return unsent("the webhook's secret cannot be opened");
  const { event, apiVersion } = task;
  const body = Buffer.from(
    receiverBody({
      apiVersion,
      eventId: event.id,
      eventType: event.type,
      timestamp: event.timestamp,
      objectType: event.objectType ?? undefined,
      objectId: event.objectId ?? undefined,
      data,
    }),
  );
  const { deliveryId } = task.received.message;
  const headers = buildHeaders({
    apiVersion,
    deliveryId,
    webhookId: task.webhookId,
    eventType: event.type,
    body,
    nowMs,
    ...keys,
  });
  const timeoutMs = context.settings.deliveryTimeoutSeconds * 1000;
  if (context.now() + timeoutMs + WRITE_MS > task.lease.untilMs) throw new LeaseTooShort();
  return context.sender.send({ url: task.webhook.url, headers, body, timeoutMs });
}

/** No waiting mends it, and nothing was sent: it counts as a failed attempt, so that the delivery comes to its end. */
function unsent(message: string): SendResult {
  return { kind: 'failed', error: { code: 'transport', message }, durationMs: 0 };
}

interface Keys {
  readonly secrets: SecretsInForce;
  readonly ed25519Keys?: readonly KeyObject[];
}

/**
 * @returns undefined when the secrets do not open and never will.
 * @throws KmsFault when KMS is away.
 */
async function openKeys({ keyring }: DeliverContext, task: Task, webhook: WebhookSnapshot): Promise<Keys | undefined> {
  const { accountId, webhookId: ownerId } = task;
  const open = (purpose: SealPlace['purpose'], sealed: string) =>
    keyring.open({ accountId, ownerId, purpose }, sealed, webhook.wrappedKey);
  try {
    const current = parsed(await open('secret', webhook.secretEnc));
    const { previousSecretEnc, previousSecretExpiresAt, signingKeyEnc } = webhook;
    const previous =
      previousSecretEnc === null || previousSecretExpiresAt === null
        ? undefined
        : { secret: parsed(await open('secret', previousSecretEnc)), expiresAtMs: Date.parse(previousSecretExpiresAt) };
    const secrets = { current, previous };
    // A delivery that was made before its webhook changed to ed25519 is v1 and signs with the HMAC secret.
    const isEd25519 = webhook.signingAlgorithm === 'ed25519' && task.apiVersion === 'v2' && signingKeyEnc !== null;
    return isEd25519
      ? { secrets, ed25519Keys: [parseEd25519SecretKey(await open('signing-key', signingKeyEnc))] }
      : { secrets };
  } catch (error) {
    if (error instanceof SealFault || (error instanceof KmsFault && !error.retryable)) return undefined;
    throw error;
  }
}

function parsed(text: string): WebhookSecret {
  const result = parseSecret(text);
  if (!result.ok) throw new SealFault();
  return result.secret;
}

function answerOf(result: SendResult): Answer {
  if (result.kind === 'failed') return { kind: 'error', error: result.error };
  const headers: Record<string, string> = {};
  for (const [name, value] of result.headers) headers[name.toLowerCase()] = value;
  return { kind: 'response', status: result.status, headers };
}

interface Decision {
  readonly task: Task;
  readonly lane: Lane;
  readonly answer: Answer;
}

async function decide(context: DeliverContext, { task, lane, answer }: Decision): Promise<AttemptOutcome> {
  const { settings } = context;
  return outcomeOf({
    answer,
    attempt: task.attemptNumber,
    scheduleMs: settings.retryScheduleSeconds.map((seconds) => seconds * 1000),
    jitter: context.random(),
    nowMs: context.now(),
    lane,
    inFlight: await inFlight(context, answer),
    inFlightLimit: settings.inFlightLimit,
  });
}

/** Asked for waits alone. An unknown depth parks nothing: the guard is for floods, whose depth is read soon enough. */
async function inFlight({ queues, retriesQueueUrl }: DeliverContext, answer: Answer): Promise<number> {
  if (answer.kind === 'response' && answer.status < 300) return 0;
  return queues.depth(retriesQueueUrl).then(
    (depth) => depth.inFlight,
    () => 0,
  );
}

interface RecordProps {
  readonly task: Task;
  readonly startedAt: number;
  readonly result: SendResult;
  readonly outcome: AttemptOutcome;
}

function recordOf({ task, startedAt, result, outcome }: RecordProps): AttemptRecord {
  const { deliveryId, generation } = task.received.message;
  const isSuccess = outcome.kind === 'delivered' || outcome.kind === 'accepted';
  const isAnswered = result.kind === 'answered';
  return {
    deliveryId,
    generation,
    attemptNumber: task.attemptNumber,
    claimToken: task.lease.token,
    startedAt,
    durationMs: result.durationMs,
    httpStatus: isAnswered ? result.status : null,
    error: 'error' in outcome ? shortError(outcome.error) : null,
    responseHeaders: isAnswered ? result.headers.map(([name, value]) => [cleanText(name), cleanText(value)]) : [],
    responseBody: isAnswered ? capturedBody(result.body, isSuccess).toString('base64') : '',
    outcome: outcome.kind,
    nextRetryAt: 'dueAtMs' in outcome ? outcome.dueAtMs : null,
  };
}

function shortError(error: AttemptError): string {
  return truncateChars(cleanText(errorText(error)), LAST_ERROR_MAX_CHARS);
}
