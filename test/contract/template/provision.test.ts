// biome-ignore-all lint/suspicious/noTemplateCurlyInString: CloudFormation writes its variables so.
import { describe, expect, it } from '@jest/globals';
import { type Provisioned, provision, type ResourceRequest } from '../../../local/template/provision.ts';
import { parseTemplate } from '../../../local/template/template.ts';

function recorder() {
  const made: ResourceRequest[] = [];
  const body = (request: ResourceRequest): Provisioned => {
    made.push(request);
    return { ref: `ref-of-${request.logicalId}`, attributes: { Arn: `arn-of-${request.logicalId}` } };
  };
  return { made, body };
}

function run(resources: Record<string, unknown>, extra: Record<string, unknown> = {}, parameters = {}) {
  const { made, body } = recorder();
  const registry = new Map([
    ['A::B::C', body],
    ['AWS::CloudFormation::CustomResource', body],
  ]);
  const template = parseTemplate({ Resources: resources, ...extra });
  return { made, outputs: provision({ template, stackName: 'S', parameters, registry }) };
}

describe('provisioning', () => {
  it('makes each resource after all it names, by Ref, GetAtt, Sub and DependsOn', async () => {
    const { made, outputs } = run({
      One: { Type: 'A::B::C', Properties: { x: { 'Fn::Sub': '${Two.Arn}!' } } },
      Two: { Type: 'A::B::C', Properties: { y: { 'Fn::GetAtt': ['Three', 'Arn'] } } },
      Three: { Type: 'A::B::C', DependsOn: ['Four'] },
      Four: { Type: 'Custom::Thing', Metadata: { m: 1 } },
    });
    await outputs;
    expect(made.map(({ logicalId }) => logicalId)).toEqual(['Four', 'Three', 'Two', 'One']);
    expect(made.at(-1)?.properties).toEqual({ x: 'arn-of-Two!' });
    expect(made[0]?.metadata).toEqual({ m: 1 });
  });

  it('stops before making anything when a type has no body, naming type and logical id', async () => {
    const { made, outputs } = run({ Known: { Type: 'A::B::C' }, Odd: { Type: 'AWS::Neptune::DBCluster' } });
    await expect(outputs).rejects.toThrow(/AWS::Neptune::DBCluster \(Odd\)/);
    expect(made).toEqual([]);
  });

  it('refuses a cycle, naming its members', async () => {
    const { outputs } = run({
      A: { Type: 'A::B::C', Properties: { x: { Ref: 'B' } } },
      B: { Type: 'A::B::C', DependsOn: 'A' },
    });
    await expect(outputs).rejects.toThrow('circular dependency: A → B → A');
  });

  it('leaves out what its condition excludes, and reads parameters and outputs', async () => {
    const extra = {
      Parameters: { Issuer: { Type: 'String' }, Level: { Type: 'String', Default: 'low' } },
      Conditions: { IsHigh: { 'Fn::Equals': [{ Ref: 'Level' }, 'high'] } },
      Outputs: { Url: { Value: { Ref: 'Plain' } }, Hidden: { Value: { Ref: 'Extra' }, Condition: 'IsHigh' } },
    };
    const resources = {
      Plain: { Type: 'A::B::C', Properties: { issuer: { Ref: 'Issuer' }, stack: { Ref: 'AWS::StackName' } } },
      Extra: { Type: 'A::B::C', Condition: 'IsHigh' },
    };
    const low = run(resources, extra, { Issuer: 'http://i' });
    expect(await low.outputs).toEqual({ Url: 'ref-of-Plain' });
    expect(low.made.map(({ properties }) => properties)).toEqual([{ issuer: 'http://i', stack: 'S' }]);
    const high = run(resources, extra, { Issuer: 'http://i', Level: 'high' });
    expect(await high.outputs).toEqual({ Url: 'ref-of-Plain', Hidden: 'ref-of-Extra' });
  });

  it('names a parameter that has no value', async () => {
    const { outputs } = run(
      { A: { Type: 'A::B::C', Properties: { x: { Ref: 'Issuer' } } } },
      { Parameters: { Issuer: { Type: 'String' } } },
    );
    await expect(outputs).rejects.toThrow(/Issuer/);
  });
});
