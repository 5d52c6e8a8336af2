import { z } from 'zod';
import { fetchDiscovery, fetchFromIssuer, ISSUER_TIMEOUT_MS, readDiscovery } from './discovery.ts';
import { type ChecklistItem, fail, pass } from './item.ts';

const keysSchema = z.object({
  keys: z.array(
    z.object({
      kty: z.string(),
      kid: z.string().optional(),
      alg: z.string().optional(),
      use: z.string().optional(),
    }),
  ),
});
type Key = z.output<typeof keysSchema>['keys'][number];

const RS256_FIX =
  'API Gateway verifies RSA signatures alone: have the identity provider sign with RS256 and publish the RSA key with its kid';

/** The keys that tokens are verified with. */
export const issuerKeys: ChecklistItem = {
  name: 'issuer-keys',
  title: 'the issuer publishes RS256 keys',

  async check({ deployed }) {
    const document = readDiscovery(await fetchDiscovery(deployed.jwtIssuer));
    if (document === undefined)
      return fail('without a discovery document nobody knows where the keys are', 'see issuer');
    const answer = await fetchFromIssuer(document.jwks_uri);
    const keys = keysSchema.safeParse(answer.json).data?.keys;
    if (answer.status !== 200 || keys === undefined) {
      return fail(
        `${document.jwks_uri} answered ${answer.status}, and not with a set of keys`,
        'the jwks_uri of the discovery document must serve a JWKS ({ "keys": […] })',
      );
    }
    const usable = keys.filter(isUsable);
    const all = keys.map(({ kty, alg = 'no alg', kid = 'no kid' }) => `${kty} ${alg} ${kid}`).join(', ') || 'none';
    if (usable.length === 0) return fail(`no RS256 key at ${document.jwks_uri} (there: ${all})`, RS256_FIX);
    return pass(`${usable.length} RS256 key${usable.length === 1 ? '' : 's'}, in ${answer.tookMs} ms`);
  },

  fixWhenUnanswered: () =>
    `API Gateway waits ${ISSUER_TIMEOUT_MS} ms for the discovery document and as long for its jwks_uri: both must be reachable from the internet`,
};

/** A token names its key by `kid`; without one no key is found. */
function isUsable({ kty, kid, alg, use }: Key): boolean {
  return kty === 'RSA' && kid !== undefined && (alg === undefined || alg === 'RS256') && (use ?? 'sig') === 'sig';
}
