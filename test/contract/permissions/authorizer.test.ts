import { describe, expect, it } from '@jest/globals';
import { createAuthorizer, OPERATOR } from '../../../local/permissions/authorizer.ts';
import { lambdaPermissionPolicy } from '../../../local/permissions/lambda-permission.ts';
import type { PolicyDocument } from '../../../local/permissions/policy-document.ts';

const QUEUE = 'arn:aws:sqs:us-east-1:000000000000:Tidegate-Events';
const RULE = 'arn:aws:events:us-east-1:000000000000:rule/bus/rule';
const KEY = 'arn:aws:kms:us-east-1:000000000000:key/1';
const FUNCTION = 'arn:aws:lambda:us-east-1:000000000000:function:Api';

type StatementSource = Exclude<PolicyDocument['Statement'], readonly unknown[]>;
const policy = (...statements: StatementSource[]): PolicyDocument => ({ Version: '2012-10-17', Statement: statements });
const allow = (Action: string | string[], Resource: string | string[]): StatementSource => ({
  Effect: 'Allow',
  Action,
  Resource,
});
const forRole = (...statements: StatementSource[]) =>
  createAuthorizer({ roles: new Map([['Fn', [policy(...statements)]]]) });
const permits = (authorizer: ReturnType<typeof createAuthorizer>, action: string, resource: string): boolean => {
  try {
    authorizer('Fn', action, resource);
    return true;
  } catch {
    return false;
  }
};

describe('role policies', () => {
  it.each([
    ['the very action', allow('sqs:SendMessage', QUEUE), true],
    ['actions in any case', allow('SQS:sendmessage', QUEUE), true],
    ['a wildcard action', allow('sqs:Send*', QUEUE), true],
    ['a question mark', allow('sqs:SendMessag?', QUEUE), true],
    ['a question mark for nothing', allow('sqs:SendMessage?', QUEUE), false],
    ['any resource', allow(['kms:Decrypt', 'sqs:*'], '*'), true],
    ['a wildcard resource', allow('sqs:SendMessage', 'arn:aws:sqs:*:000000000000:Tidegate-*'), true],
    ['a resource in another case', allow('sqs:SendMessage', QUEUE.toLowerCase()), false],
    ['another action', allow('sqs:ReceiveMessage', QUEUE), false],
    ['another resource', allow('sqs:SendMessage', `${QUEUE}2`), false],
    ['a dot that is no wildcard', allow('sqs.SendMessage', QUEUE), false],
    ['NotAction leaving it in', { Effect: 'Allow', NotAction: 'iam:*', Resource: '*' }, true],
    ['NotAction taking it out', { Effect: 'Allow', NotAction: 'sqs:*', Resource: '*' }, false],
    ['NotResource leaving it in', { Effect: 'Allow', Action: '*', NotResource: KEY }, true],
    ['NotResource taking it out', { Effect: 'Allow', Action: '*', NotResource: QUEUE }, false],
  ] satisfies [string, StatementSource, boolean][])('%s', (_, statement, expected) => {
    expect(permits(forRole(statement), 'sqs:SendMessage', QUEUE)).toBe(expected);
  });

  it('lets an explicit Deny win, wherever it stands', () => {
    const deny: StatementSource = { Effect: 'Deny', Action: 'sqs:*', Resource: '*' };
    expect(permits(forRole(deny, allow('*', '*')), 'sqs:SendMessage', QUEUE)).toBe(false);
    expect(permits(forRole(allow('*', '*'), deny), 'sqs:SendMessage', QUEUE)).toBe(false);
  });

  it('joins the documents of a role and knows no other caller', () => {
    const authorizer = createAuthorizer({
      roles: new Map([['Fn', [policy(allow('kms:Decrypt', KEY)), policy(allow('sqs:SendMessage', QUEUE))]]]),
    });
    expect(permits(authorizer, 'sqs:SendMessage', QUEUE)).toBe(true);
    expect(() => authorizer('Other', 'sqs:SendMessage', QUEUE)).toThrow();
    expect(() => authorizer(OPERATOR, 'sqs:DeleteQueue', QUEUE)).not.toThrow();
  });

  it('says who may not do what, in the words of AWS', () => {
    const asking = (action: string) => () => forRole()('Fn', action, KEY);
    expect(asking('kms:Decrypt')).toThrow(
      expect.objectContaining({
        code: 'AccessDeniedException',
        status: 403,
        message: expect.stringContaining(
          `User: arn:aws:sts::000000000000:assumed-role/Fn/Fn is not authorized to perform: kms:Decrypt on resource: ${KEY}`,
        ),
      }),
    );
    expect(asking('sqs:SendMessage')).toThrow(expect.objectContaining({ code: 'AccessDenied' }));
  });

  it('reports each question once', () => {
    const authorizer = forRole(allow('sqs:SendMessage', QUEUE));
    permits(authorizer, 'sqs:SendMessage', QUEUE);
    permits(authorizer, 'sqs:SendMessage', QUEUE);
    permits(authorizer, 'sqs:DeleteMessage', QUEUE);
    expect(authorizer.seen()).toEqual([
      { principal: 'Fn', action: 'sqs:SendMessage', resource: QUEUE, allowed: true },
      { principal: 'Fn', action: 'sqs:DeleteMessage', resource: QUEUE, allowed: false },
    ]);
  });
});

describe('conditions of a role', () => {
  const BUCKET = 'arn:aws:s3:::control';
  const authorizer = forRole({
    ...allow('s3:ListBucket', BUCKET),
    Condition: { StringLike: { 's3:prefix': 'due/*' } },
  });
  it.each([
    ['a prefix that is meant', { 's3:prefix': 'due/' }, true],
    ['a longer one', { 's3:prefix': 'due/2026' }, true],
    ['another', { 's3:prefix': 'sources' }, false],
    ['an empty one', { 's3:prefix': '' }, false],
    ['none', undefined, false],
  ])('%s', (_, conditions, expected) => {
    const ask = () => authorizer('Fn', 's3:ListBucket', BUCKET, conditions);
    if (expected) expect(ask).not.toThrow();
    else expect(ask).toThrow(expect.objectContaining({ code: 'AccessDenied' }));
  });
});

describe('what a policy may not hold', () => {
  it.each([
    [
      'an unknown operator',
      { Condition: { NumericLessThan: { 'aws:SourceArn': '1' } } },
      /Fn, statement 0.*NumericLessThan/,
    ],
    ['an unknown key', { Condition: { StringEquals: { 'aws:PrincipalTag/team': 'a' } } }, /aws:PrincipalTag\/team/],
    ['a policy variable', { Resource: `arn:aws:s3:::b/$${'{aws:username}'}` }, /unresolved variable/],
    ['an element of no meaning', { Resources: '*' }, /Resources/],
    ['both Action and NotAction', { NotAction: 'iam:*' }, /exactly one of Action and NotAction/],
  ])('%s', (_, extra, message) => {
    expect(() => forRole({ ...allow('sqs:SendMessage', QUEUE), ...extra })).toThrow(message);
  });

  it('refuses an intrinsic that is left', () => {
    const document = JSON.parse(
      '{"Statement":{"Effect":"Allow","Action":"sqs:*","Resource":{"Fn::GetAtt":["Q","Arn"]}}}',
    );
    expect(() => createAuthorizer({ roles: new Map([['Fn', [document]]]) })).toThrow(/policy of Fn/);
  });
});

describe('resource policies', () => {
  const withPolicy = (arn: string, document: PolicyDocument, ...role: StatementSource[]) =>
    createAuthorizer({ roles: new Map([['Fn', [policy(...role)]]]), resourcePolicies: new Map([[arn, [document]]]) });
  const insecure: StatementSource = {
    Effect: 'Deny',
    Principal: { AWS: '*' },
    Action: 'sqs:*',
    Resource: QUEUE,
    Condition: { Bool: { 'aws:SecureTransport': 'false' } },
  };
  const fromRule: StatementSource = {
    Effect: 'Allow',
    Principal: { Service: 'events.amazonaws.com' },
    Action: 'sqs:SendMessage',
    Resource: QUEUE,
    Condition: { ArnEquals: { 'aws:SourceArn': RULE } },
  };

  it('lets a service send on behalf of the rule that is named, and of no other', () => {
    const { canService } = withPolicy(QUEUE, policy(insecure, fromRule));
    expect(canService('events.amazonaws.com', 'sqs:SendMessage', QUEUE, RULE)).toBe(true);
    expect(canService('events.amazonaws.com', 'sqs:SendMessage', QUEUE, `${RULE}2`)).toBe(false);
    expect(canService('sns.amazonaws.com', 'sqs:SendMessage', QUEUE, RULE)).toBe(false);
    expect(canService('events.amazonaws.com', 'sqs:ReceiveMessage', QUEUE, RULE)).toBe(false);
    expect(canService('events.amazonaws.com', 'sqs:SendMessage', `${QUEUE}2`, RULE)).toBe(false);
  });

  it('takes loopback for secure transport', () => {
    const grant = allow('sqs:SendMessage', QUEUE);
    expect(permits(withPolicy(QUEUE, policy(insecure), grant), 'sqs:SendMessage', QUEUE)).toBe(true);
    const secure: StatementSource = { ...insecure, Condition: { Bool: { 'aws:SecureTransport': true } } };
    expect(permits(withPolicy(QUEUE, policy(secure), grant), 'sqs:SendMessage', QUEUE)).toBe(false);
  });

  it('does not read a service grant as one for functions', () => {
    const { Condition: _, ...open } = fromRule;
    expect(permits(withPolicy(QUEUE, policy(open)), 'sqs:SendMessage', QUEUE)).toBe(false);
  });

  it('compares ARNs part by part', () => {
    const named = (pattern: string) =>
      withPolicy(QUEUE, policy({ ...fromRule, Condition: { ArnLike: { 'aws:SourceArn': pattern } } })).canService;
    const ask = (canService: ReturnType<typeof named>) =>
      canService('events.amazonaws.com', 'sqs:SendMessage', QUEUE, RULE);
    expect(ask(named('arn:aws:events:*:*:rule/bus/*'))).toBe(true);
    expect(ask(named('arn:aws:*:us-east-1:000000000000:rule/b?s/rule'))).toBe(true);
    expect(ask(named('arn:*:*:*:*:rule/other/*'))).toBe(false);
    expect(() => named('arn:aws:events:*:rule/bus/*')).toThrow(/not an ARN pattern/);
  });

  it('governs the objects of a bucket by the policy of the bucket', () => {
    const denied: StatementSource = {
      Effect: 'Deny',
      Principal: '*',
      Action: 's3:PutObject',
      Resource: 'arn:aws:s3:::b/locked/*',
    };
    const authorizer = withPolicy('arn:aws:s3:::b', policy(denied), allow('s3:*', '*'));
    expect(permits(authorizer, 's3:PutObject', 'arn:aws:s3:::b/locked/x')).toBe(false);
    expect(permits(authorizer, 's3:PutObject', 'arn:aws:s3:::b/due/x')).toBe(true);
  });

  it('leaves a key to the role only when the key policy hands it to the account', () => {
    const root: StatementSource = {
      Effect: 'Allow',
      Principal: { AWS: 'arn:aws:iam::000000000000:root' },
      Action: 'kms:*',
      Resource: '*',
    };
    const grant = allow('kms:Decrypt', KEY);
    expect(permits(withPolicy(KEY, policy(root), grant), 'kms:Decrypt', KEY)).toBe(true);
    expect(permits(withPolicy(KEY, policy(root)), 'kms:Decrypt', KEY)).toBe(false);
    const administrators: StatementSource = { ...root, Action: 'kms:PutKeyPolicy' };
    expect(permits(withPolicy(KEY, policy(administrators), grant), 'kms:Decrypt', KEY)).toBe(false);
  });

  it('reads the permissions of a function', () => {
    const sourceArn = 'arn:aws:execute-api:us-east-1:000000000000:api1/*/*';
    const { canService } = createAuthorizer({
      roles: new Map(),
      resourcePolicies: new Map([
        [
          FUNCTION,
          [
            lambdaPermissionPolicy(FUNCTION, {
              Action: 'lambda:InvokeFunction',
              Principal: 'apigateway.amazonaws.com',
              SourceArn: sourceArn,
            }),
            lambdaPermissionPolicy(FUNCTION, {
              Action: 'lambda:InvokeFunctionUrl',
              Principal: '*',
              FunctionUrlAuthType: 'NONE',
            }),
          ],
        ],
      ]),
    });
    const call = (api: string) =>
      canService(
        'apigateway.amazonaws.com',
        'lambda:InvokeFunction',
        FUNCTION,
        `arn:aws:execute-api:us-east-1:000000000000:${api}/$default/GET`,
      );
    expect([call('api1'), call('api2')]).toEqual([true, false]);
    expect(canService('*', 'lambda:InvokeFunctionUrl', FUNCTION, '')).toBe(true);
    expect(canService('*', 'lambda:InvokeFunction', FUNCTION, '')).toBe(false);
  });
});
