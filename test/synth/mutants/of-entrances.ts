import { PUBLIC_ROUTES } from '../checks/http-api.ts';
import type { TemplateView } from '../template-view.ts';
import { becomes, type Mutant, without } from './mutant.ts';

/** The HTTP API, the schedules and the outputs. */
export function* mutantsOfEntrances(view: TemplateView): Generator<Mutant> {
  for (const [id, route] of view.ofType('AWS::ApiGatewayV2::Route')) yield* ofOneRoute(id, route.Properties);
  const [[publish = '', { Properties: ofPublish } = { Properties: {} }] = []] = view.ofType('AWS::ApiGatewayV2::Route');
  const open = { ...ofPublish, RouteKey: 'GET /v1/everything', AuthorizationType: 'NONE' };
  yield becomes('API: each route', { Type: 'AWS::ApiGatewayV2::Route', Properties: open }, `${publish}Again`);
  yield* ofAuthorizer(view);
  yield* ofStage(view);
  for (const [id] of view.ofType('AWS::Lambda::Permission')) {
    yield without('API: payload 2.0', id);
    yield without('access: one AWS service', id, 'Properties', 'SourceArn');
    yield becomes('access: one AWS service', '*', id, 'Properties', 'Principal');
  }
  for (const [id] of view.ofType('AWS::ApiGatewayV2::Integration')) {
    yield becomes('API: payload 2.0', '1.0', id, 'Properties', 'PayloadFormatVersion');
  }
  yield* ofSchedules(view);
  for (const name of Object.keys(view.json.Outputs ?? {})) {
    yield { name: `output ${name} is removed`, caughtBy: 'outputs: ', path: ['Outputs', name] };
  }
  const swapped = { Value: { Ref: 'DeliveriesQueue' } };
  yield {
    name: 'output RetriesQueueUrl is another queue',
    caughtBy: 'outputs: ',
    path: ['Outputs', 'RetriesQueueUrl'],
    value: swapped,
  };
}

function* ofOneRoute(id: string, { RouteKey }: Readonly<Record<string, unknown>>): Generator<Mutant> {
  const isPublic = PUBLIC_ROUTES.includes(String(RouteKey));
  if (!isPublic) {
    yield becomes('API: every route', 'NONE', id, 'Properties', 'AuthorizationType');
    yield without('API: every route', id, 'Properties', 'AuthorizationType');
    yield without('API: every route', id, 'Properties', 'AuthorizerId');
  }
  yield becomes('API: each route', 'FOO /x', id, 'Properties', 'RouteKey');
  yield without('API: each route', id);
}

function* ofAuthorizer(view: TemplateView): Generator<Mutant> {
  const [[id = ''] = []] = view.ofType('AWS::ApiGatewayV2::Authorizer');
  const jwt = [id, 'Properties', 'JwtConfiguration'] as const;
  yield without('API: one authorizer', ...jwt, 'Audience');
  yield becomes('API: one authorizer', [], ...jwt, 'Audience');
  yield without('API: one authorizer', ...jwt, 'Issuer');
  yield becomes('API: one authorizer', ['$request.querystring.token'], id, 'Properties', 'IdentitySource');
  yield becomes('API: one authorizer', 'REQUEST', id, 'Properties', 'AuthorizerType');
  const cors = {
    AllowOrigins: ['*'],
    AllowMethods: ['GET', 'POST', 'PUT', 'DELETE'],
    AllowHeaders: ['authorization', 'content-type'],
  };
  yield becomes('API: no origin', cors, 'Api', 'Properties', 'CorsConfiguration');
  const named = { ...cors, AllowOrigins: ['https://console.example.com'] };
  yield becomes('API: no origin', { ...named, AllowHeaders: ['*'] }, 'Api', 'Properties', 'CorsConfiguration');
  yield becomes('API: no origin', { ...named, AllowCredentials: true }, 'Api', 'Properties', 'CorsConfiguration');
  yield becomes('API: it is named', 'tidegate', 'Api', 'Properties', 'Name');
  yield becomes('API: it is named', true, 'Api', 'Properties', 'DisableExecuteApiEndpoint');
}

function* ofStage(view: TemplateView): Generator<Mutant> {
  const [[id = ''] = []] = view.ofType('AWS::ApiGatewayV2::Stage');
  yield without('API: it is throttled', id, 'Properties', 'DefaultRouteSettings');
  yield becomes('API: it is throttled', 10_000, id, 'Properties', 'DefaultRouteSettings', 'ThrottlingRateLimit');
  yield becomes('API: it is throttled', false, id, 'Properties', 'AutoDeploy');
  yield without('API: its access log', id, 'Properties', 'AccessLogSettings');
  const telling = '{"requestId":"$context.requestId","ip":"$context.identity.sourceIp"}';
  yield becomes('API: its access log', telling, id, 'Properties', 'AccessLogSettings', 'Format');
}

function* ofSchedules(view: TemplateView): Generator<Mutant> {
  for (const [id] of view.ofType('AWS::Scheduler::Schedule')) {
    yield without('schedules: each wakes', id);
    yield without('schedules: each wakes', id, 'Properties', 'Target', 'Arn');
    yield becomes('schedules: each wakes', { 'Fn::GetAtt': ['Publish', 'Arn'] }, id, 'Properties', 'Target', 'Arn');
    yield becomes('schedules: each wakes', 'DISABLED', id, 'Properties', 'State');
    yield becomes('schedules: each wakes', { Mode: 'FLEXIBLE' }, id, 'Properties', 'FlexibleTimeWindow');
    yield without('schedules: each has a role', id, 'Properties', 'Target', 'RoleArn');
    yield without('schedules: a failed start', id, 'Properties', 'Target', 'RetryPolicy');
    for (const expression of ['rate(1 minutes)', 'rate(30 seconds)', 'every minute', 'cron(10 0 * * *)']) {
      yield becomes('schedules: their expressions', expression, id, 'Properties', 'ScheduleExpression');
    }
    yield without('schedules: their expressions', id, 'Properties', 'ScheduleExpressionTimezone');
  }
  yield without('schedules: the exact period', 'SweepSchedule', 'Metadata', 'tidegate:everySeconds');
}
