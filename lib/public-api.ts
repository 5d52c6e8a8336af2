import { Duration, Fn, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { AccessLogFormat } from 'aws-cdk-lib/aws-apigateway';
import {
  type CfnApi,
  CorsHttpMethod,
  type CorsPreflightOptions,
  HttpApi,
  HttpMethod,
  HttpNoneAuthorizer,
  HttpStage,
  type IHttpRouteAuthorizer,
  LogGroupLogDestination,
} from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpJwtAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2-authorizers';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { type ApiFunctionName, ROUTES, type Route } from './routes.ts';
import type { TidegateFunction } from './tidegate-function.ts';

export interface PublicApiProps {
  readonly issuer: string;
  readonly audience: string;
  /** Origins that may call from a browser; none, no CORS. */
  readonly corsOrigins: readonly string[];
  readonly functions: Readonly<Record<ApiFunctionName, TidegateFunction>>;
}

// For all callers together: HTTP APIs know no throttle for a single one. Half of the rate that all APIs of an account
// have in a region, so that a flood here leaves the others theirs (API Gateway quotas: 10,000/s, burst 5,000).
const THROTTLE = { rateLimit: 5_000, burstLimit: 5_000 };

// Ids and figures alone: no query strings (they carry what a caller searches for), no addresses, no claims.
const ACCESS_LOG_FIELDS = {
  time: '$context.requestTime',
  requestId: '$context.requestId',
  routeKey: '$context.routeKey',
  status: '$context.status',
  responseLength: '$context.responseLength',
  responseLatencyMs: '$context.responseLatency',
  integrationLatencyMs: '$context.integrationLatency',
  integrationStatus: '$context.integrationStatus',
  integrationError: '$context.integrationErrorMessage',
  authorizerError: '$context.authorizer.error',
};

/** The HTTP API (payload 2.0) with one JWT authorizer for all routes but the public ones. */
export class PublicApi extends Construct {
  readonly api: HttpApi;

  constructor(scope: Construct, id: string, props: PublicApiProps) {
    super(scope, id);
    this.api = new HttpApi(this, 'Api', {
      apiName: Stack.of(this).stackName,
      createDefaultStage: false,
      ...(props.corsOrigins.length > 0 && { corsPreflight: corsFor(props.corsOrigins) }),
    });
    this.addRoutes(props, new HttpJwtAuthorizer('Jwt', props.issuer, { jwtAudience: [props.audience] }));
    this.addStage();
    (this.api.node.defaultChild as CfnApi).overrideLogicalId('Api');
  }

  /** Without a slash at its end; the one stage is `$default`, which adds no path. */
  get url(): string {
    return this.api.apiEndpoint;
  }

  /** `host[:port]` of the URL. */
  get host(): string {
    return Fn.select(2, Fn.split('/', this.url));
  }

  /**
   * Scopes are left to the functions, so that a token without one gets an answer in our own form. One integration and
   * one permission a function: a permission for each route would fill its resource policy (20,480 bytes, Lambda
   * quotas) at about 30 of them.
   */
  private addRoutes(props: PublicApiProps, jwt: IHttpRouteAuthorizer): void {
    const integrations = new Map<ApiFunctionName, HttpLambdaIntegration>();
    const integrationOf = (name: ApiFunctionName): HttpLambdaIntegration => {
      const known = integrations.get(name);
      if (known !== undefined) return known;
      const made = new HttpLambdaIntegration(name, props.functions[name], { scopePermissionToRoute: false });
      integrations.set(name, made);
      return made;
    };
    for (const route of ROUTES) {
      this.api.addRoutes({
        path: route.path,
        methods: [HttpMethod[route.method]],
        integration: integrationOf(route.target),
        authorizer: authorizerOf(route, jwt),
      });
    }
  }

  private addStage(): void {
    const logs = new LogGroup(this, 'AccessLogs', {
      retention: RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    new HttpStage(this, 'Stage', {
      httpApi: this.api,
      stageName: '$default',
      autoDeploy: true,
      throttle: THROTTLE,
      accessLogSettings: {
        destination: new LogGroupLogDestination(logs),
        format: AccessLogFormat.custom(JSON.stringify(ACCESS_LOG_FIELDS)),
      },
    });
  }
}

function authorizerOf(route: Route, jwt: IHttpRouteAuthorizer): IHttpRouteAuthorizer {
  return route.isPublic === true ? new HttpNoneAuthorizer() : jwt;
}

function corsFor(origins: readonly string[]): CorsPreflightOptions {
  return {
    allowOrigins: [...origins],
    allowMethods: [CorsHttpMethod.GET, CorsHttpMethod.POST, CorsHttpMethod.PUT, CorsHttpMethod.DELETE],
    allowHeaders: ['authorization', 'content-type'],
    exposeHeaders: ['retry-after'],
    maxAge: Duration.hours(1),
  };
}
