import { invalidField } from '../api-error/api-error.ts';
import { parseRequest } from '../api-error/validation.ts';
import type { SigningAlgorithm } from '../signature/signing-key.ts';
import { checkTargetUrl, type TargetPolicy } from '../target/target-url.ts';
import { type ApiVersion, type WebhookMode, webhookCreateSchema, webhookUpdateSchema } from './webhook-request.ts';

/** A webhook as asked for, defaults filled in. */
export interface NewWebhook {
  readonly url: string;
  /** Undefined: one is to be generated, and returned once. */
  readonly secret: string | undefined;
  readonly description: string | null;
  readonly events: readonly string[];
  readonly isActive: boolean;
  readonly mode: WebhookMode;
  readonly rateLimitPerSecond: number | null;
  readonly apiVersion: ApiVersion;
  readonly signingAlgorithm: SigningAlgorithm;
}

/** What a PUT changes; undefined stays as it is. */
export type WebhookChange = { readonly [Name in keyof NewWebhook]?: NewWebhook[Name] | undefined };

/** The two settings that depend on each other. */
export interface Signing {
  readonly apiVersion: ApiVersion;
  readonly signingAlgorithm: SigningAlgorithm;
}

/**
 * Reads POST /v1/webhooks.
 * @throws ApiError VALIDATION_ERROR with the field; on `url` the message names the rule that was broken.
 * Source: design sections 3 and 10.
 */
export function parseNewWebhook(body: unknown, targets: TargetPolicy): NewWebhook {
  const request = parseRequest(webhookCreateSchema, body);
  refuseBadTarget(request.url, targets);
  const webhook: NewWebhook = {
    url: request.url,
    secret: request.secret,
    description: request.description ?? null,
    events: request.events ?? ['*'],
    isActive: request.isActive ?? true,
    mode: request.mode ?? 'deliver',
    rateLimitPerSecond: request.rateLimitPerSecond ?? null,
    apiVersion: request.apiVersion ?? 'v1',
    signingAlgorithm: request.signingAlgorithm ?? 'HMAC-SHA256',
  };
  requireSigningFits({ signingAlgorithm: webhook.signingAlgorithm }, webhook);
  return webhook;
}

/**
 * Reads PUT /v1/webhooks/{id}.
 * @param current the webhook as it is: ed25519 and v1 exclude each other whichever came first.
 * @throws ApiError VALIDATION_ERROR with the field.
 */
export function parseWebhookChange(body: unknown, current: Signing, targets: TargetPolicy): WebhookChange {
  const request = parseRequest(webhookUpdateSchema, body);
  if (request.url !== undefined) refuseBadTarget(request.url, targets);
  const change: WebhookChange = {
    ...request,
    apiVersion: request.apiVersion === null ? 'v1' : request.apiVersion,
  };
  requireSigningFits(change, current);
  return change;
}

/**
 * @throws ApiError VALIDATION_ERROR on the field of the change that makes ed25519 meet v1.
 * Source: design section 10.
 */
function requireSigningFits(change: Partial<Record<keyof Signing, string | undefined>>, current: Signing): void {
  const apiVersion = change.apiVersion ?? current.apiVersion;
  const signingAlgorithm = change.signingAlgorithm ?? current.signingAlgorithm;
  if (signingAlgorithm !== 'ed25519' || apiVersion !== 'v1') return;
  const field = change.signingAlgorithm === undefined ? 'apiVersion' : 'signingAlgorithm';
  throw invalidField(field, 'ed25519 needs apiVersion v2: receivers of v1 know HMAC alone');
}

function refuseBadTarget(url: string, targets: TargetPolicy): void {
  const verdict = checkTargetUrl(url, targets);
  if (!verdict.ok) throw invalidField('url', `url ${verdict.message}`);
}
