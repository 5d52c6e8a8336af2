import { discoveryUrl, fetchDiscovery, ISSUER_TIMEOUT_MS, readDiscovery } from './discovery.ts';
import { type ChecklistItem, fail, pass } from './item.ts';

/** The issuer's discovery document, as API Gateway will fetch it. */
export const issuer: ChecklistItem = {
  name: 'issuer',
  title: 'the OIDC issuer answers in time and calls itself what the stack calls it',

  async check({ kind, deployed, deployWith }) {
    const { jwtIssuer } = deployed;
    const answer = await fetchDiscovery(jwtIssuer);
    const document = readDiscovery(answer);
    if (document === undefined) {
      return fail(
        `${discoveryUrl(jwtIssuer)} answered ${answer.status}, and not with a discovery document`,
        `give the URL under which your identity provider serves /.well-known/openid-configuration: ${deployWith('-c jwtIssuer=https://…')}`,
      );
    }
    if (document.issuer !== jwtIssuer) {
      return fail(
        `the stack expects tokens of ${jwtIssuer}, but its document says issuer ${document.issuer} (a slash at the end counts)`,
        deployWith(`-c jwtIssuer=${document.issuer}`),
      );
    }
    if (kind === 'stack' && !jwtIssuer.startsWith('https://')) {
      return fail(
        `${jwtIssuer} is not https`,
        `API Gateway takes https alone: ${deployWith('-c jwtIssuer=https://…')}`,
      );
    }
    return pass(`${jwtIssuer} answered in ${answer.tookMs} ms`);
  },

  fixWhenUnanswered: ({ deployWith }) =>
    `API Gateway waits ${ISSUER_TIMEOUT_MS} ms for it: make the issuer reachable from the internet, or name another one: ${deployWith('-c jwtIssuer=https://…')}`,
};
