import { decodeJwt, type JWTPayload } from 'jose';
import { type ChecklistItem, fail, notApplicable, pass } from './item.ts';

const SCOPES = {
  'events:write': 'publishes events',
  'webhooks:admin': 'opens /admin',
} as const;
const NAMES = Object.keys(SCOPES);

export const tokenScopes: ChecklistItem = {
  name: 'token-scopes',
  title: 'a token carries scopes that the functions know',

  async check({ token }) {
    if (token === undefined) {
      const needs = Object.entries(SCOPES).map(([name, does]) => `${name} ${does}`);
      return notApplicable(`give --token <jwt> to check one; in scope or scp ${needs.join(', ')}, webhooks need none`);
    }
    const scopes = scopesOf(decodeJwt(token));
    const known = scopes.filter((scope) => NAMES.includes(scope));
    if (known.length > 0)
      return pass(`${known.join(' ')} (${known.map((name) => SCOPES[name as keyof typeof SCOPES]).join(', ')})`);
    const prefixed = scopes.filter((scope) => NAMES.some((name) => scope.endsWith(`/${name}`)));
    if (prefixed.length > 0) {
      return fail(
        `${prefixed.join(' ')}: scopes are compared whole, a prefix makes another one`,
        `have the identity provider write ${NAMES.join(' or ')} as it is; in Cognito a pre token generation trigger adds it (docs/deploy.md)`,
      );
    }
    return fail(
      `neither ${NAMES.join(' nor ')} in scope or scp (there: ${scopes.join(' ') || 'nothing'}): it can manage webhooks, but publishing is 403`,
      `grant ${NAMES[0]} to who publishes and ${NAMES[1]} to operators`,
    );
  },

  fixWhenUnanswered: () => 'see token',
};

/** As the functions read them: `scope` and `scp`, a text with spaces or a list. */
function scopesOf({ scope, scp }: JWTPayload): readonly string[] {
  return [scope, scp]
    .flat()
    .flatMap((claim) => (typeof claim === 'string' ? claim.split(/[\s,]+/).filter(Boolean) : []));
}
