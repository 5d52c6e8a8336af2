/** The policies of a template, resolved and ready to be asked, by the evaluator that the local engine runs on. */
import { createAuthorizer, type PolicyAuthorizer } from '../../local/permissions/authorizer.ts';
import type { PolicyDocument } from '../../local/permissions/policy-document.ts';
import { ServiceError } from '../../local/services/service.ts';
import { provision } from '../../local/template/provision.ts';
import { createRegistry } from '../../local/template/registry.ts';
import { emptyModel } from '../../local/template/stack-model.ts';
import { parseTemplate } from '../../local/template/template.ts';
import { isProviderFramework, ownFunctions } from './checks/fleet.ts';
import { referenceIn, type TemplateView } from './template-view.ts';

export interface StackAccess {
  /** Role policies by who calls: a function, a schedule, or the framework of the custom resource. */
  readonly policies: ReadonlyMap<string, readonly PolicyDocument[]>;
  /** ARN by logical id. */
  readonly arns: ReadonlyMap<string, string>;
  readonly authorizer: PolicyAuthorizer;
  /** @param resource a logical id, with what stands behind it (`ControlBucket/due/x`, `Migrate:1`). */
  arnOf(resource: string): string;
  may(caller: string, action: string, resource: string, context?: Readonly<Record<string, string>>): boolean;
}

const PLACES = {
  servicesUrl: 'http://127.0.0.1:1',
  apiUrl: 'http://127.0.0.1:2',
  secretArn: ({ name }: { readonly name: string }) =>
    `arn:aws:secretsmanager:us-east-1:000000000000:secret:${name}-Xy12Zz`,
};

/** What gives a resource's ARN, by type. */
const ARN_ATTRIBUTES: Readonly<Record<string, string | undefined>> = {
  'AWS::SQS::Queue': 'Arn',
  'AWS::S3::Bucket': 'Arn',
  'AWS::KMS::Key': 'Arn',
  'AWS::Events::EventBus': 'Arn',
  'AWS::Events::Rule': 'Arn',
  'AWS::Lambda::Function': 'Arn',
  'AWS::IAM::Role': 'Arn',
  'AWS::RDS::DBCluster': 'DBClusterArn',
  'AWS::Lambda::EventSourceMapping': 'EventSourceMappingArn',
};

/** @throws TemplateError for a template that the local engine refuses; Error for a policy that cannot be read in full. */
export async function accessOf(view: TemplateView): Promise<StackAccess> {
  const model = emptyModel(view.name);
  const arns = await resolveArns(view, model);
  const policies = new Map(
    callersOf(view).map(([caller, roleId]) => [caller, model.rolePolicies.get(roleNameIn(arns, roleId)) ?? []]),
  );
  const authorizer = createAuthorizer({ roles: policies, resourcePolicies: model.resourcePolicies });
  const arnOf = (resource: string): string => {
    const [id = '', rest = ''] = resource.split(/(?<=^\w+)(?=[/:])/, 2);
    const arn = arns.get(id);
    if (arn === undefined) throw new Error(`no resource ${id} with an ARN`);
    return `${arn}${rest}`;
  };
  const may: StackAccess['may'] = (caller, action, resource, context) => {
    try {
      authorizer(caller, action, arnOf(resource), context);
      return true;
    } catch (error) {
      if (error instanceof ServiceError) return false;
      throw error;
    }
  };
  return { policies, arns, authorizer, arnOf, may };
}

/** Asks for ARNs as outputs of the template. */
async function resolveArns(view: TemplateView, model: ReturnType<typeof emptyModel>): Promise<Map<string, string>> {
  const wanted = [...view.resources].flatMap(([id, { Type }]): Array<[string, { Value: unknown }]> => {
    if (Type === 'AWS::SecretsManager::Secret') return [[id, { Value: { Ref: id } }]];
    const attribute = ARN_ATTRIBUTES[Type];
    return attribute === undefined ? [] : [[id, { Value: { 'Fn::GetAtt': [id, attribute] } }]];
  });
  const resolved = await provision({
    template: parseTemplate({ ...view.json, Outputs: Object.fromEntries(wanted) }),
    stackName: view.name,
    parameters: { JwtIssuer: 'https://issuer.example.com' },
    registry: createRegistry(model, PLACES),
  });
  return new Map(Object.entries(resolved));
}

function roleNameIn(arns: ReadonlyMap<string, string>, roleId: string): string {
  return arns.get(roleId)?.split('/').at(-1) ?? '';
}

/** Who calls AWS, with the role that each does it by. */
function callersOf(view: TemplateView): ReadonlyArray<readonly [caller: string, roleId: string]> {
  const functions = ownFunctions(view).map(([id, { Properties }]) => [id, referenceIn(Properties.Role)] as const);
  const frameworks = view
    .ofType('AWS::Lambda::Function')
    .filter(([id]) => isProviderFramework(id))
    .map(([, { Properties }]) => ['MigrationProviderframeworkonEvent', referenceIn(Properties.Role)] as const);
  const schedules = view
    .ofType('AWS::Scheduler::Schedule')
    .map(([id, { Properties }]) => [id, referenceIn((Properties.Target as { RoleArn?: unknown }).RoleArn)] as const);
  return [...functions, ...schedules, ...frameworks];
}
