import { spawnSync } from 'node:child_process';
import { describe, expect, it } from '@jest/globals';
import { ContextError } from '../../lambdas/domain/configuration/context.ts';
import { settingsSchema } from '../../lambdas/domain/configuration/settings.ts';
import { synthesizedStack } from './synthesized-stack.ts';
import { variablesOf } from './template-view.ts';

function problemsOf(context: Record<string, unknown>): readonly string[] {
  try {
    synthesizedStack(context);
  } catch (error) {
    if (error instanceof ContextError) return error.problems.map(({ key }) => key).sort();
    throw error;
  }
  return [];
}

describe('the context', () => {
  it('is refused with everything that is wrong with it at once', () => {
    const wrong = { sweepSecond: '60', inFlightLimit: '-1', stage: 'Prod!', jwtIssuer: 'ftp://issuer' };
    expect(problemsOf(wrong)).toEqual(['inFlightLimit', 'jwtIssuer', 'stage', 'sweepSecond']);
  });

  it('is refused by the app with exit code 1, in words and without a stack trace', () => {
    const CDK_CONTEXT_JSON = JSON.stringify({ sweepSecond: '60', stage: 'Prod!' });
    const { status, stderr } = spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', 'bin/app.ts'], {
      env: { ...process.env, CDK_CONTEXT_JSON },
      encoding: 'utf8',
    });
    expect(status).toBe(1);
    expect(stderr).toMatch(/^The context is not valid:\n( {2}\w+: .+\n){2}$/);
    expect(stderr).toContain('  stage: ');
    expect(stderr).toContain('  sweepSecond: ');
  });

  it('may hold what is the toolkit’s', () => {
    const ofTheToolkit = {
      'aws:cdk:enable-path-metadata': true,
      '@aws-cdk/core:newStyleStackSynthesis': true,
      'availability-zones:account=1:region=us-east-1': ['us-east-1a'],
      'cli-telemetry': false,
      'acknowledged-issue-numbers': [19836],
    };
    expect(problemsOf(ofTheToolkit)).toEqual([]);
  });
});

const plain = synthesizedStack();
const configured = synthesizedStack({
  stage: 'trial',
  account: '123456789012',
  region: 'eu-central-1',
  jwtIssuer: 'https://issuer.example.com',
  jwtAudience: 'other',
  corsOrigins: 'https://console.example.com',
  sweepSeconds: '3600',
  retryScheduleSeconds: '1,1,2',
  inFlightLimit: '500',
  fanOutMaxConcurrency: '3',
  deliveriesMaxConcurrency: '400',
  retriesMaxConcurrency: '5',
  databaseMaxCapacity: '16.5',
});

describe('the issuer', () => {
  it('is a parameter without default when the context names none', () => {
    expect(plain.template.findParameters('JwtIssuer')).toEqual({
      JwtIssuer: expect.objectContaining({ Type: 'String', AllowedPattern: '^https?://.+' }),
    });
    expect(plain.template.findParameters('JwtIssuer').JwtIssuer).not.toHaveProperty('Default');
    const [[, authorizer] = []] = plain.ofType('AWS::ApiGatewayV2::Authorizer');
    expect(authorizer?.Properties.JwtConfiguration).toEqual({ Audience: ['tidegate'], Issuer: { Ref: 'JwtIssuer' } });
  });

  it.each([
    ['https://issuer.example.com', configured],
    ['http://127.0.0.1:9000', synthesizedStack({ jwtIssuer: 'http://127.0.0.1:9000', jwtAudience: 'other' })],
  ])('is taken from the context: %s', (jwtIssuer, stack) => {
    expect(stack.template.findParameters('JwtIssuer')).toEqual({});
    const [[, authorizer] = []] = stack.ofType('AWS::ApiGatewayV2::Authorizer');
    expect(authorizer?.Properties.JwtConfiguration).toEqual({ Audience: ['other'], Issuer: jwtIssuer });
    expect(variablesOf(stack, 'Health').JWT_ISSUER).toBe(jwtIssuer);
  });
});

describe('account and region', () => {
  it('are left to the credentials, or pinned', () => {
    const arnOf = (stack: typeof plain) => JSON.stringify(stack.template.findOutputs('ClusterArn'));
    expect(arnOf(plain)).toContain('AWS::Region');
    expect(arnOf(configured)).toContain(':rds:eu-central-1:123456789012:cluster:');
    // Pinned, CDK would look the zones up in the account; they are left to CloudFormation.
    expect(configured.ofType('AWS::EC2::Subnet').map(([, { Properties }]) => Properties.AvailabilityZone)).toEqual([
      { 'Fn::Select': [0, { 'Fn::GetAZs': '' }] },
      { 'Fn::Select': [1, { 'Fn::GetAZs': '' }] },
    ]);
  });
});

describe('origins', () => {
  it('that are named are let in, and none when there are none', () => {
    expect(configured.resource('Api').Properties.CorsConfiguration).toMatchObject({
      AllowOrigins: ['https://console.example.com'],
    });
    expect(plain.resource('Api').Properties).not.toHaveProperty('CorsConfiguration');
  });
});

describe('the period of the sweeper', () => {
  it.each([
    ['rate(1 minute)', 2, synthesizedStack({ sweepSeconds: '2' })],
    ['rate(1 minute)', 60, plain],
    ['rate(2 minutes)', 61, synthesizedStack({ sweepSeconds: '61' })],
    ['rate(1 hour)', 3600, configured],
  ])('is %s for one of %d s, which is noted for one machine', (rate, exact, stack) => {
    const schedule = stack.resource('SweepSchedule');
    expect(schedule.Properties.ScheduleExpression).toBe(rate);
    expect(schedule.Metadata?.['tidegate:everySeconds']).toBe(exact);
  });
});

describe('the settings', () => {
  it('reach every function as its own schema reads them', () => {
    for (const id of ['Publish', 'Deliver', 'Daily']) {
      const { SETTINGS } = variablesOf(configured, id);
      expect(settingsSchema.parse(JSON.parse(String(SETTINGS)))).toMatchObject({
        stage: 'trial',
        retryScheduleSeconds: [1, 1, 2],
        inFlightLimit: 500,
      });
    }
  });

  it('set how many batches run at once, and how far the database grows', () => {
    const concurrencyOf = (id: string) => configured.resource(id).Properties.ScalingConfig;
    expect(concurrencyOf('EventsMapping')).toEqual({ MaximumConcurrency: 3 });
    expect(concurrencyOf('DeliveriesMapping')).toEqual({ MaximumConcurrency: 400 });
    expect(concurrencyOf('RetriesMapping')).toEqual({ MaximumConcurrency: 5 });
    const { ServerlessV2ScalingConfiguration } = configured.resource('DatabaseCluster').Properties;
    expect(ServerlessV2ScalingConfiguration).toMatchObject({ MaxCapacity: 16.5 });
  });
});
