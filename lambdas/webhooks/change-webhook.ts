import type { ApiRequest } from '../adapters/http-in/api-request.ts';
import type { ApiResponse } from '../adapters/http-in/api-response.ts';
import { jsonBody } from '../adapters/http-in/json-body.ts';
import { ApiError } from '../domain/api-error/api-error.ts';
import { parseWebhookChange, type WebhookChange } from '../domain/webhook/webhook-change.ts';
import { holdDeliveries } from './hold-deliveries.ts';
import { ownWebhook } from './read-webhooks.ts';
import { refuseEleventh } from './refuse-eleventh.ts';
import { newSigningKey, sealSecret } from './seal-keys.ts';
import { updateWebhook } from './update-webhook.ts';
import { type WebhookRow, webhookView } from './webhook-row.ts';
import { RESUME_WAIT, type WebhooksContext } from './webhooks-context.ts';

/** Changes at the same time are rare: after so many lost races the caller is told. */
const TRIES = 4;
/** Rows of one hold; what is left over is held when it is claimed. */
const HOLD_LIMIT = 5_000;

/**
 * PUT /v1/webhooks/{id}: changes what is given. A webhook that stops taking deliveries has its open ones held; one that
 * takes them again has them released by the next sweep, whose marker is written before the row.
 */
export async function changeWebhook(context: WebhooksContext, request: ApiRequest): Promise<ApiResponse> {
  const { accountId } = request.caller();
  const { value } = jsonBody(request.bodyBytes);
  for (let tries = 1; tries <= TRIES; tries++) {
    const current = await ownWebhook(context, accountId, request.path.id);
    const change = parseWebhookChange(value, current, context.targets);
    const row = await write(context, current, change);
    if (row !== undefined) {
      if (!takesDeliveries(row)) await hold(context, row.webhookId);
      return { status: 200, body: webhookView(row) };
    }
  }
  throw new ApiError('CONFLICT', 'the webhook is being changed by others; read it and try again');
}

async function write(
  context: WebhooksContext,
  current: WebhookRow,
  change: WebhookChange,
): Promise<WebhookRow | undefined> {
  const { secret, ...given } = change;
  const next = { ...current, ...definedOf(given), ...disabledReasonAfter(current, change) };
  const sealed = secret === undefined ? {} : { secretEnc: await sealSecret(context, current, secret) };
  const needsKey = next.signingAlgorithm === 'ed25519' && current.publicKey === null;
  const signingKey = needsKey ? await newSigningKey(context, current) : { publicKey: null };
  if (takesDeliveries(next) && !takesDeliveries(current)) await context.controlBucket.markDue([context.now()]);
  const parameters = {
    id: current.webhookId,
    account: current.accountId,
    version: current.version,
    webhook: JSON.stringify({ ...next, ...signingKey, ...sealed }),
  };
  const [row] = await refuseEleventh(() => context.database.query(updateWebhook, parameters, RESUME_WAIT));
  return row;
}

/** Whoever sets isActive, to whichever value, decides for the owner: the platform's own reason is over. */
function disabledReasonAfter(
  { disabledReason }: WebhookRow,
  { isActive }: WebhookChange,
): { disabledReason: string | null } {
  return { disabledReason: isActive === undefined ? disabledReason : null };
}

function takesDeliveries({ isActive, mode }: Pick<WebhookRow, 'isActive' | 'mode'>): boolean {
  return isActive && mode === 'deliver';
}

async function hold({ database }: WebhooksContext, webhookId: string): Promise<void> {
  await database.query(holdDeliveries, { id: webhookId, limit: HOLD_LIMIT }, RESUME_WAIT);
}

type Defined<T> = { readonly [K in keyof T]?: Exclude<T[K], undefined> };

function definedOf<T extends object>(values: T): Defined<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Defined<T>;
}
