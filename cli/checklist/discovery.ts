import { z } from 'zod';
import { fetchJson, type HttpAnswer } from './fetch-json.ts';

/**
 * API Gateway gives an issuer's discovery document and its keys 1,500 ms each. Source: API Gateway Developer Guide,
 * "Control access to HTTP APIs with JWT authorizers".
 */
export const ISSUER_TIMEOUT_MS = 1_500;

const documentSchema = z.object({ issuer: z.string(), jwks_uri: z.url() });
export type DiscoveryDocument = z.output<typeof documentSchema>;

/** Where an issuer's document is. Source: OpenID Connect Discovery 1.0, section 4. */
export function discoveryUrl(issuer: string): string {
  return `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
}

/** @throws NoAnswerError */
export function fetchDiscovery(issuer: string): Promise<HttpAnswer> {
  return fetchFromIssuer(discoveryUrl(issuer));
}

/**
 * A first answer may be late because of the way from here (a new connection, a busy machine); a second is not.
 * @throws NoAnswerError
 */
export async function fetchFromIssuer(url: string): Promise<HttpAnswer> {
  const limits = { timeoutMs: ISSUER_TIMEOUT_MS };
  return fetchJson(url, limits).catch(() => fetchJson(url, limits));
}

/** @returns undefined when the answer is no discovery document. */
export function readDiscovery({ status, json }: HttpAnswer): DiscoveryDocument | undefined {
  return status === 200 ? documentSchema.safeParse(json).data : undefined;
}
