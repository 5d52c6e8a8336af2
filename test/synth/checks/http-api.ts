import { ROUTES } from '../../../lib/routes.ts';
import { type Resource, referenceIn, type TemplateView } from '../template-view.ts';
import { type Check, problem, unless, unlessSame, unlessWithin } from './check.ts';

/** Routes that answer without a token. Whoever adds one changes this list too, on purpose. */
export const PUBLIC_ROUTES: readonly string[] = ['GET /health', 'GET /ready'];

// What all APIs of an account share in a region (API Gateway quotas).
const MOST_PER_SECOND = 5_000;
const METHODS: readonly unknown[] = ['GET', 'POST', 'PUT', 'DELETE'];

function functionOf(view: TemplateView, { Properties }: Resource): string {
  const integration = view.resource(referenceIn(Properties.Target));
  return referenceIn(integration.Properties.IntegrationUri);
}

export const API_CHECKS: readonly Check[] = [
  {
    name: 'API: each route leads to its function',
    *problems(view) {
      const wired = view
        .ofType('AWS::ApiGatewayV2::Route')
        .map(([, route]) => `${route.Properties.RouteKey} → ${functionOf(view, route)}`);
      yield* unlessSame(
        'routes',
        wired,
        ROUTES.map(({ method, path, target }) => `${method} ${path} → ${target}`),
      );
    },
  },
  {
    name: 'API: every route asks for a token, but for the public ones; scopes are left to the functions',
    *problems(view) {
      const [[jwt = ''] = []] = view.ofType('AWS::ApiGatewayV2::Authorizer');
      for (const [id, { Properties }] of view.ofType('AWS::ApiGatewayV2::Route')) {
        const isPublic = PUBLIC_ROUTES.includes(String(Properties.RouteKey));
        yield* unless(id, 'AuthorizationType', Properties.AuthorizationType, isPublic ? 'NONE' : 'JWT');
        yield* unless(id, 'AuthorizerId', Properties.AuthorizerId, isPublic ? undefined : { Ref: jwt });
        if ('AuthorizationScopes' in Properties) yield problem(id, 'has AuthorizationScopes');
      }
    },
  },
  {
    name: 'API: one authorizer reads the token from its header, for one issuer and one audience',
    *problems(view) {
      const authorizers = view.ofType('AWS::ApiGatewayV2::Authorizer');
      yield* unless('Api', 'number of authorizers', authorizers.length, 1);
      for (const [id, { Properties }] of authorizers) {
        yield* unless(id, 'AuthorizerType', Properties.AuthorizerType, 'JWT');
        yield* unless(id, 'IdentitySource', Properties.IdentitySource, ['$request.header.Authorization']);
        const { Audience, Issuer } = Properties.JwtConfiguration as {
          readonly Audience?: unknown;
          readonly Issuer?: unknown;
        };
        const audiences = [Audience ?? []].flat().filter((name) => typeof name === 'string' && name !== '');
        yield* unless(id, 'number of audiences', audiences.length, 1);
        if (!/^("https?:..+"|\{"Ref":"JwtIssuer"\})$/.test(JSON.stringify(Issuer ?? '')))
          yield problem(id, 'has no issuer');
      }
    },
  },
  {
    name: 'API: payload 2.0, one integration and one permission a function',
    *problems(view) {
      const integrations = view.ofType('AWS::ApiGatewayV2::Integration');
      const behind = [...new Set(ROUTES.map(({ target }) => target))];
      yield* unlessSame(
        'integrations',
        integrations.map(([, { Properties }]) => referenceIn(Properties.IntegrationUri)),
        behind,
      );
      for (const [id, { Properties }] of integrations) {
        yield* unless(id, 'PayloadFormatVersion', Properties.PayloadFormatVersion, '2.0');
        yield* unless(id, 'IntegrationType', Properties.IntegrationType, 'AWS_PROXY');
      }
      const permissions = view.ofType('AWS::Lambda::Permission');
      yield* unlessSame(
        'permissions',
        permissions.map(([, { Properties }]) => referenceIn(Properties.FunctionName)),
        behind,
      );
      for (const [id, { Properties }] of permissions) {
        yield* unless(id, 'Principal', Properties.Principal, 'apigateway.amazonaws.com');
        yield* unless(id, 'Action', Properties.Action, 'lambda:InvokeFunction');
        yield* unless(id, 'API in SourceArn', referenceIn(Properties.SourceArn), 'Api');
      }
    },
  },
  {
    name: 'API: no origin but named ones over https, and no credentials for them',
    *problems(view) {
      const { CorsConfiguration } = view.resource('Api').Properties;
      if (CorsConfiguration === undefined) return;
      const cors = CorsConfiguration as Readonly<Record<string, unknown>>;
      for (const origin of [cors.AllowOrigins ?? []].flat()) {
        if (!/^https:\/\/[^*]+$/.test(String(origin))) yield problem('Api', `allows the origin ${origin}`);
      }
      yield* unlessSame('CORS methods', [cors.AllowMethods ?? []].flat() as string[], METHODS as string[]);
      yield* unlessSame('CORS headers', [cors.AllowHeaders ?? []].flat() as string[], [
        'authorization',
        'content-type',
      ]);
      if ('AllowCredentials' in cors) yield problem('Api', 'sets AllowCredentials');
    },
  },
  {
    name: 'API: it is throttled, and deploys by itself',
    *problems(view) {
      const stages = view.ofType('AWS::ApiGatewayV2::Stage');
      yield* unless('Api', 'number of stages', stages.length, 1);
      for (const [id, { Properties }] of stages) {
        yield* unless(id, 'StageName', Properties.StageName, '$default');
        yield* unless(id, 'AutoDeploy', Properties.AutoDeploy, true);
        const limits = (Properties.DefaultRouteSettings ?? {}) as Readonly<Record<string, unknown>>;
        for (const name of ['ThrottlingBurstLimit', 'ThrottlingRateLimit']) {
          yield* unlessWithin(id, name, limits[name], [1, MOST_PER_SECOND]);
        }
      }
    },
  },
  {
    name: 'API: its access log has neither queries nor addresses nor claims',
    *problems(view) {
      for (const [id, { Properties }] of view.ofType('AWS::ApiGatewayV2::Stage')) {
        const { Format, DestinationArn } = (Properties.AccessLogSettings ?? {}) as Readonly<Record<string, unknown>>;
        const target = view.resources.get(referenceIn(DestinationArn));
        yield* unless(id, 'destination', target?.Type, 'AWS::Logs::LogGroup');
        const logged = Object.values(JSON.parse(String(Format ?? '{}')) as Record<string, string>);
        // The id is what a log format must have (API Gateway Developer Guide, "HTTP API logging").
        if (!logged.includes('$context.requestId')) yield problem(id, 'logs no request id');
        const telling = logged.filter((name) => /identity|claims|queryString|\$context\.path\b/.test(name));
        if (telling.length > 0) yield problem(id, `logs ${telling.join(', ')}`);
      }
    },
  },
  {
    name: 'API: it is named after the stack',
    *problems(view) {
      const apis = view.ofType('AWS::ApiGatewayV2::Api').map(([id]) => id);
      yield* unless('Api', 'number of APIs', apis, ['Api']);
      const { Name, ProtocolType, DisableExecuteApiEndpoint } = view.resource('Api').Properties;
      yield* unless('Api', 'Name', Name, view.name);
      yield* unless('Api', 'ProtocolType', ProtocolType, 'HTTP');
      yield* unless('Api', 'DisableExecuteApiEndpoint', DisableExecuteApiEndpoint, undefined);
    },
  },
];
