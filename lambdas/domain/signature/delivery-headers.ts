import type { KeyObject } from 'node:crypto';
import { bodySignature } from './body-signature.ts';
import { livePrevious, type SecretsInForce, type SigningKey } from './signing-key.ts';
import { webhookSignature } from './standard-webhooks.ts';

export const USER_AGENT = 'Tidegate/1';

export interface DeliveryHeadersProps {
  readonly apiVersion: 'v1' | 'v2';
  readonly deliveryId: string;
  readonly webhookId: string;
  readonly eventType: string;
  /** The body exactly as it will be sent. */
  readonly body: Buffer;
  /** This attempt's moment, Unix ms. */
  readonly nowMs: number;
  readonly secrets: SecretsInForce;
  /** The webhook's own pair when it signs with ed25519 (v2 only), newest first; its HMAC secret is then for callbacks. */
  readonly ed25519Keys?: readonly KeyObject[] | undefined;
}

/**
 * Every header of a delivery, in the case receivers know. During a rotation `webhook-signature` carries both signatures
 * (newest first), while `X-Webhook-Signature`, which has room for one, stays with the previous secret until it expires.
 * @throws TypeError (code ED25519_NEEDS_V2) when ed25519 keys meet v1: its receivers know HMAC alone.
 * Source: design sections 4 and 10.
 */
export function buildHeaders(props: DeliveryHeadersProps): Record<string, string> {
  const timestampSeconds = Math.floor(props.nowMs / 1000);
  const message = { id: props.deliveryId, timestampSeconds, body: props.body };
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    'user-agent': USER_AGENT,
    'webhook-id': props.deliveryId,
    'webhook-timestamp': String(timestampSeconds),
    'webhook-signature': webhookSignature(message, signingKeys(props)),
  };
  return props.apiVersion === 'v1' ? { ...headers, ...v1Headers(props, timestampSeconds) } : headers;
}

function v1Headers(props: DeliveryHeadersProps, timestampSeconds: number): Record<string, string> {
  const secret = livePrevious(props.secrets, props.nowMs) ?? props.secrets.current;
  return {
    'X-Webhook-Event': props.eventType,
    'X-Webhook-Delivery-Id': props.deliveryId,
    'X-Webhook-Subscription-Id': props.webhookId,
    'X-Webhook-Timestamp': String(timestampSeconds),
    'X-Webhook-Signature': bodySignature(secret, props.body),
  };
}

function signingKeys(props: DeliveryHeadersProps): readonly SigningKey[] {
  const { ed25519Keys = [], secrets, nowMs } = props;
  if (ed25519Keys.length > 0) {
    if (props.apiVersion === 'v1') {
      throw Object.assign(new TypeError('ed25519 needs apiVersion v2'), { code: 'ED25519_NEEDS_V2' });
    }
    return ed25519Keys.map((key) => ({ algorithm: 'ed25519', key }));
  }
  const previous = livePrevious(secrets, nowMs);
  const inForce = previous === undefined ? [secrets.current] : [secrets.current, previous];
  return inForce.map((secret) => ({ algorithm: 'HMAC-SHA256', key: secret.standardKey }));
}
