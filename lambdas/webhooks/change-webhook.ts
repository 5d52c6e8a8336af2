import { holdDeliveries } from '../adapters/delivery-rows/hold-deliveries.ts';
import type { ApiRequest } from '../adapters/http-in/api-request.ts';
import type { ApiResponse } from '../adapters/http-in/api-response.ts';
import { jsonBody } from '../adapters/http-in/json-body.ts';
import { pathId } from '../adapters/http-in/path-id.ts';
import { refuseQuery } from '../adapters/http-in/request-query.ts';
import { RESUME_WAIT } from '../adapters/http-in/resume-wait.ts';
import { ApiError } from '../domain/api-error/api-error.ts';
import { parseWebhookChange, type WebhookChange } from '../domain/webhook/webhook-change.ts';
import { ownWebhook } from './read-webhooks.ts';
import { refuseEleventh } from './refuse-eleventh.ts';
import { newSigningKey, sealSecret } from './seal-keys.ts';
import { updateWebhook } from './update-webhook.ts';
import { type WebhookRow, webhookView } from './webhook-row.ts';
import type { WebhooksContext } from './webhooks-context.ts';

/** Only changes of the signing settings can be too late; after so many of them in a row the caller is told. */
const TRIES = 4;
/** Rows of one hold; what is left over is held when it is claimed. */
const HOLD_LIMIT = 5_000;

/**
 * PUT /v1/webhooks/{id}: changes what is given. A webhook that stops taking deliveries has its open ones held; one that
 * takes them again has them released by the next sweep.
 */
export async function changeWebhook(context: WebhooksContext, request: ApiRequest): Promise<ApiResponse> {
  const { accountId } = request.caller();
  refuseQuery(request);
  const webhookId = pathId(request, 'webhook');
  const body = jsonBody(request);
  for (let tries = 1; tries <= TRIES; tries++) {
    const current = await ownWebhook(context, accountId, webhookId);
    const row = await write(context, current, parseWebhookChange(body, current, context.targets));
    if (row !== undefined) {
      if (!row.isActive || row.mode === 'hold') await hold(context, webhookId);
      return { status: 200, body: webhookView(row) };
    }
  }
  throw new ApiError('CONFLICT', 'the webhook is being changed by others; read it and try again');
}

/** @returns undefined when the signing settings are no longer the ones that the change was checked against. */
async function write(
  context: WebhooksContext,
  current: WebhookRow,
  { secret, ...settings }: WebhookChange,
): Promise<WebhookRow | undefined> {
  const secretEnc = secret === undefined ? undefined : await sealSecret(context, current, secret);
  const needsKey = settings.signingAlgorithm === 'ed25519' && current.publicKey === null;
  const signingKey = needsKey ? await newSigningKey(context, current) : {};
  if (settings.isActive === true || settings.mode === 'deliver') await markRelease(context);
  const parameters = {
    id: current.webhookId,
    account: current.accountId,
    algorithm: current.signingAlgorithm,
    version: current.apiVersion,
    change: JSON.stringify({ ...settings, ...signingKey, secretEnc }),
  };
  const [row] = await refuseEleventh(() => context.database.query(updateWebhook, parameters, RESUME_WAIT));
  return row;
}

/** Has the very next sweep look, and the one after the row was written. */
async function markRelease({ controlBucket, now }: WebhooksContext): Promise<void> {
  await controlBucket.markDue([now()]);
}

async function hold({ database }: WebhooksContext, webhookId: string): Promise<void> {
  await database.query(holdDeliveries, { id: webhookId, limit: HOLD_LIMIT }, RESUME_WAIT);
}
