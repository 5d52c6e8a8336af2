// biome-ignore-all lint/suspicious/noTemplateCurlyInString: CloudFormation writes its variables so.
import { describe, expect, it } from '@jest/globals';
import { NO_VALUE, resolve, type Scope } from '../../../local/template/intrinsics.ts';
import { TemplateError } from '../../../local/template/template.ts';

const REFS: Readonly<Record<string, unknown>> = {
  'AWS::Region': 'us-east-1',
  'AWS::NoValue': NO_VALUE,
  Queue: 'http://queue',
  Stage: 'dev',
};

const scope: Scope = {
  ref: (name) => {
    if (name in REFS) return REFS[name];
    throw new TemplateError(`${name} is not defined`);
  },
  attribute: (logicalId, name) => `${logicalId}/${name}`,
  condition: (name) => name === 'Yes',
  mapping: (map, top, second) => `${map}/${top}/${second}`,
};

describe('intrinsic functions', () => {
  it.each<[string, unknown, unknown]>([
    ['Ref of a resource', { Ref: 'Queue' }, 'http://queue'],
    ['Ref of a pseudo parameter', { Ref: 'AWS::Region' }, 'us-east-1'],
    [
      'GetAtt as a list',
      { 'Fn::GetAtt': ['Cluster', 'MasterUserSecret.SecretArn'] },
      'Cluster/MasterUserSecret.SecretArn',
    ],
    ['GetAtt as text', { 'Fn::GetAtt': 'Cluster.MasterUserSecret.SecretArn' }, 'Cluster/MasterUserSecret.SecretArn'],
    ['Sub', { 'Fn::Sub': 'a-${Stage}-${Queue.Arn}-${!Kept}-${AWS::Region}' }, 'a-dev-Queue/Arn-${Kept}-us-east-1'],
    ['Sub with variables', { 'Fn::Sub': ['${own}/${Stage}', { own: { Ref: 'Queue' } }] }, 'http://queue/dev'],
    ['Join', { 'Fn::Join': [':', ['a', { Ref: 'Stage' }, 3]] }, 'a:dev:3'],
    ['Join without NoValue', { 'Fn::Join': [',', ['a', { Ref: 'AWS::NoValue' }]] }, 'a'],
    ['Select of Split', { 'Fn::Select': [1, { 'Fn::Split': ['//', { Ref: 'Queue' }] }] }, 'queue'],
    ['Select with text index', { 'Fn::Select': ['0', ['x', 'y']] }, 'x'],
    ['If true', { 'Fn::If': ['Yes', { Ref: 'Stage' }, { Ref: 'Undefined' }] }, 'dev'],
    ['If false', { 'Fn::If': ['No', 1, 2] }, 2],
    ['And, Or, Not, Equals', { 'Fn::And': [{ Condition: 'Yes' }, { 'Fn::Not': [{ Condition: 'No' }] }] }, true],
    ['Or', { 'Fn::Or': [{ Condition: 'No' }, { 'Fn::Equals': [{ Ref: 'Stage' }, 'prod'] }] }, false],
    ['FindInMap', { 'Fn::FindInMap': ['M', { Ref: 'AWS::Region' }, 'k'] }, 'M/us-east-1/k'],
    ['GetAZs', { 'Fn::Select': [0, { 'Fn::GetAZs': '' }] }, 'us-east-1a'],
    ['Base64', { 'Fn::Base64': 'hi' }, 'aGk='],
    ['NoValue in an object', { a: 1, b: { Ref: 'AWS::NoValue' } }, { a: 1 }],
    ['NoValue in a list', [1, { Ref: 'AWS::NoValue' }], [1]],
    [
      'an IAM condition',
      { Condition: { StringEquals: { a: { Ref: 'Stage' } } } },
      { Condition: { StringEquals: { a: 'dev' } } },
    ],
  ])('%s', (_name, value, expected) => {
    expect(resolve(value, scope)).toEqual(expected);
  });

  it.each<[string, unknown, RegExp]>([
    ['ImportValue', { a: [{ 'Fn::ImportValue': 'x' }] }, /Fn::ImportValue/],
    ['an unknown function', { 'Fn::Cidr': ['10.0.0.0/8', 2, 8] }, /Fn::Cidr/],
    ['a name nobody defined', { Ref: 'Nobody' }, /Nobody/],
    ['Join of an object', { 'Fn::Join': ['', [{ a: 1 }]] }, /Fn::Join needs a text/],
    ['Select beyond the end', { 'Fn::Select': [3, ['a']] }, /no item 3/],
  ])('refuses %s', (_name, value, message) => {
    expect(() => resolve(value, scope)).toThrow(message);
    expect(() => resolve(value, scope)).toThrow(TemplateError);
  });
});
