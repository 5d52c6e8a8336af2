import { describe, expect, it } from '@jest/globals';
import { settingsSchema } from '../../lambdas/domain/configuration/settings.ts';
import { ROUTES } from '../../lib/routes.ts';
import { referencesIn, synthesizedStack } from './synthesized-stack.ts';

const stack = synthesizedStack({ corsOrigins: 'https://console.example.com', sweepSeconds: '2' });

describe('the database', () => {
  it('is PostgreSQL 17, serverless, reached by the Data API, and pauses after five minutes', () => {
    expect(stack.resource('DatabaseCluster').Properties).toMatchObject({
      Engine: 'aurora-postgresql',
      EngineVersion: expect.stringMatching(/^17\./),
      EnableHttpEndpoint: true,
      StorageEncrypted: true,
      DeletionProtection: true,
      BackupRetentionPeriod: 7,
      DatabaseName: 'tidegate',
      MasterUsername: 'tidegate_owner',
      EnableIAMDatabaseAuthentication: false,
      ServerlessV2ScalingConfiguration: { MinCapacity: 0, MaxCapacity: 4, SecondsUntilAutoPause: 300 },
    });
  });

  it('has two logins with generated passwords, one of them for the functions', () => {
    const usernames = stack.ofType('AWS::SecretsManager::Secret').map(([, { Properties }]) => {
      const generated = Properties.GenerateSecretString as {
        SecretStringTemplate: string;
        ExcludePunctuation: boolean;
      };
      expect(generated.ExcludePunctuation).toBe(true);
      return JSON.parse(generated.SecretStringTemplate).username;
    });
    expect(usernames.sort()).toEqual(['hook_svc', 'tidegate_owner']);
  });

  it('stands in isolated subnets of two zones that nothing reaches', () => {
    expect(stack.ofType('AWS::EC2::Subnet')).toHaveLength(2);
    for (const type of ['AWS::EC2::NatGateway', 'AWS::EC2::InternetGateway', 'AWS::EC2::Route']) {
      expect(stack.ofType(type)).toEqual([]);
    }
    const [[, group] = []] = stack.ofType('AWS::EC2::SecurityGroup');
    expect(group?.Properties).not.toHaveProperty('SecurityGroupIngress');
  });
});

describe('the API', () => {
  const routes = stack.ofType('AWS::ApiGatewayV2::Route');
  const targetOf = (properties: Readonly<Record<string, unknown>>) => {
    const integration = [...referencesIn(properties.Target)][0] ?? '';
    return [...referencesIn(stack.resource(integration).Properties.IntegrationUri)][0];
  };

  it('leads each route to its function', () => {
    const wired = routes.map(([, { Properties }]) => `${Properties.RouteKey} → ${targetOf(Properties)}`);
    expect(wired.sort()).toEqual(ROUTES.map(({ method, path, target }) => `${method} ${path} → ${target}`).sort());
  });

  it('asks for a token everywhere but at /health and /ready, and leaves scopes to the functions', () => {
    const open = routes.filter(([, { Properties }]) => Properties.AuthorizationType !== 'JWT');
    expect(open.map(([, { Properties }]) => Properties.RouteKey).sort()).toEqual(['GET /health', 'GET /ready']);
    expect(routes.filter(([, { Properties }]) => 'AuthorizationScopes' in Properties)).toEqual([]);
    expect(stack.ofType('AWS::ApiGatewayV2::Authorizer')).toHaveLength(1);
  });

  it('speaks payload 2.0 to functions that answer before it gives up', () => {
    for (const [, { Properties }] of stack.ofType('AWS::ApiGatewayV2::Integration')) {
      expect(Properties.PayloadFormatVersion).toBe('2.0');
      const [fn = ''] = referencesIn(Properties.IntegrationUri);
      expect(stack.resource(fn).Properties.Timeout).toBeLessThan(30);
    }
  });

  it('lets the named origins in, and none when there are none', () => {
    expect(stack.resource('Api').Properties.CorsConfiguration).toMatchObject({
      AllowOrigins: ['https://console.example.com'],
      AllowHeaders: ['authorization', 'content-type'],
    });
    expect(synthesizedStack().resource('Api').Properties).not.toHaveProperty('CorsConfiguration');
  });

  it('is throttled, and logs neither queries nor addresses nor claims', () => {
    const [stage = ''] = stack.ofType('AWS::ApiGatewayV2::Stage').map(([id]) => id);
    const { Properties } = stack.resource(stage);
    expect(Properties.DefaultRouteSettings).toEqual({ ThrottlingBurstLimit: 5000, ThrottlingRateLimit: 5000 });
    const { Format } = Properties.AccessLogSettings as { Format: string };
    const variables = Object.values(JSON.parse(Format) as Record<string, string>);
    expect(variables.length).toBeGreaterThan(0);
    expect(variables.filter((name) => /identity|claims|queryString|\$context\.path\b/.test(name))).toEqual([]);
  });

  it('has its own host refused as a target by those who take or call targets', () => {
    for (const id of ['Webhooks', 'Deliver']) {
      const { Variables } = stack.resource(id).Properties.Environment as { Variables: Record<string, unknown> };
      expect(Variables.OWN_HOSTS).toEqual({
        'Fn::Select': [2, { 'Fn::Split': ['/', { 'Fn::GetAtt': ['Api', 'ApiEndpoint'] }] }],
      });
    }
  });
});

describe('the schedules', () => {
  it.each([
    ['2', 'rate(1 minute)', 2],
    ['60', 'rate(1 minute)', 60],
    ['61', 'rate(2 minutes)', 61],
    ['3600', 'rate(1 hour)', 3600],
  ])('sweep every %s s by %s, with the exact period for one machine', (sweepSeconds, rate, exact) => {
    const schedule = synthesizedStack({ sweepSeconds }).resource('SweepSchedule');
    expect(schedule.Properties.ScheduleExpression).toBe(rate);
    expect(schedule.Metadata?.['tidegate:everySeconds']).toBe(exact);
  });

  it('wake the daily function after midnight UTC', () => {
    expect(stack.resource('DailySchedule').Properties).toMatchObject({
      ScheduleExpression: 'cron(10 0 * * ? *)',
      ScheduleExpressionTimezone: 'Etc/UTC',
    });
  });
});

describe('the control bucket', () => {
  it('is private and forgets markers, and nothing else, after a month', () => {
    const { PublicAccessBlockConfiguration, LifecycleConfiguration } = stack.resource('ControlBucket').Properties;
    expect(Object.values(PublicAccessBlockConfiguration as object)).toEqual([true, true, true, true]);
    expect(LifecycleConfiguration).toEqual({
      Rules: [{ Id: 'ForgetDueMarkers', Prefix: 'due/', ExpirationInDays: 30, Status: 'Enabled' }],
    });
  });
});

describe('the key', () => {
  it('rotates', () => {
    expect(stack.resource('Key').Properties.EnableKeyRotation).toBe(true);
  });
});

describe('the settings', () => {
  it('reach every function as its own schema reads them', () => {
    const configured = synthesizedStack({ retryScheduleSeconds: '1,1,2', inFlightLimit: '500', stage: 'trial' });
    for (const id of ['Publish', 'Deliver', 'Daily']) {
      const { Variables } = configured.resource(id).Properties.Environment as { Variables: { SETTINGS: string } };
      expect(settingsSchema.parse(JSON.parse(Variables.SETTINGS))).toMatchObject({
        stage: 'trial',
        retryScheduleSeconds: [1, 1, 2],
        inFlightLimit: 500,
      });
    }
  });

  it('set how many batches run at once', () => {
    const wide = synthesizedStack({
      fanOutMaxConcurrency: '3',
      deliveriesMaxConcurrency: '400',
      retriesMaxConcurrency: '5',
      databaseMaxCapacity: '16.5',
    });
    const concurrencyOf = (id: string) => wide.resource(id).Properties.ScalingConfig;
    expect(concurrencyOf('EventsMapping')).toEqual({ MaximumConcurrency: 3 });
    expect(concurrencyOf('DeliveriesMapping')).toEqual({ MaximumConcurrency: 400 });
    expect(concurrencyOf('RetriesMapping')).toEqual({ MaximumConcurrency: 5 });
    expect(wide.resource('DatabaseCluster').Properties.ServerlessV2ScalingConfiguration).toMatchObject({
      MaxCapacity: 16.5,
    });
  });
});
