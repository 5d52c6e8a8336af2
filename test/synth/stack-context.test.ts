import { spawnSync } from 'node:child_process';
import { describe, expect, it } from '@jest/globals';
import { ContextError } from '../../lambdas/domain/configuration/context.ts';
import { synthesizedStack } from './synthesized-stack.ts';

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

describe('the issuer', () => {
  it('is a parameter without default when the context names none', () => {
    const stack = synthesizedStack();
    expect(stack.template.findParameters('JwtIssuer')).toEqual({
      JwtIssuer: expect.objectContaining({ Type: 'String', AllowedPattern: '^https?://.+' }),
    });
    expect(stack.template.findParameters('JwtIssuer').JwtIssuer).not.toHaveProperty('Default');
    const [[, authorizer] = []] = stack.ofType('AWS::ApiGatewayV2::Authorizer');
    expect(authorizer?.Properties.JwtConfiguration).toEqual({ Audience: ['tidegate'], Issuer: { Ref: 'JwtIssuer' } });
  });

  it.each(['https://issuer.example.com', 'http://127.0.0.1:9000'])('is taken from the context: %s', (jwtIssuer) => {
    const stack = synthesizedStack({ jwtIssuer, jwtAudience: 'other' });
    expect(stack.template.findParameters('JwtIssuer')).toEqual({});
    const [[, authorizer] = []] = stack.ofType('AWS::ApiGatewayV2::Authorizer');
    expect(authorizer?.Properties.JwtConfiguration).toEqual({ Audience: ['other'], Issuer: jwtIssuer });
    const { Variables } = stack.resource('Health').Properties.Environment as { Variables: Record<string, unknown> };
    expect(Variables.JWT_ISSUER).toBe(jwtIssuer);
  });
});

describe('account and region', () => {
  it('are left to the credentials, or pinned', () => {
    const arnOf = (stack: ReturnType<typeof synthesizedStack>) =>
      JSON.stringify(stack.template.findOutputs('ClusterArn'));
    expect(arnOf(synthesizedStack())).toContain('AWS::Region');
    const pinned = synthesizedStack({ account: '123456789012', region: 'eu-central-1' });
    expect(arnOf(pinned)).toContain(':rds:eu-central-1:123456789012:cluster:');
    // Pinned, CDK would look the zones up in the account; they are left to CloudFormation.
    expect(pinned.ofType('AWS::EC2::Subnet').map(([, { Properties }]) => Properties.AvailabilityZone)).toEqual([
      { 'Fn::Select': [0, { 'Fn::GetAZs': '' }] },
      { 'Fn::Select': [1, { 'Fn::GetAZs': '' }] },
    ]);
  });
});
