import { ownFunctions, USING_THE_SCHEMA } from '../checks/fleet.ts';
import { referenceIn, referencesIn, type TemplateView, variablesOf } from '../template-view.ts';
import { becomes, type Mutant, without } from './mutant.ts';

/** Functions, their variables, and their wait for the schema. */
export function* mutantsOfFunctions(view: TemplateView): Generator<Mutant> {
  for (const [id, { Properties }] of ownFunctions(view)) {
    yield* ofOneFunction(id, Properties);
    yield* ofVariables(view, id);
  }
  yield becomes('functions: those of', { ...view.resource('Publish') }, 'Spare');
  yield without('functions: those of', 'Daily');
  yield becomes('functions: the code', { S3Bucket: 'bundles', S3Key: 'deliver.zip' }, 'FanOut', 'Properties', 'Code');
  yield becomes('functions: time and memory', 30, 'Webhooks', 'Properties', 'Timeout');
  yield becomes('functions: time and memory', 64, 'Sweeper', 'Properties', 'MemorySize');
  const shared = { LogGroup: view.resource('FanOut').Properties.LoggingConfig };
  yield becomes('logs: every function', shared.LogGroup, 'Deliver', 'Properties', 'LoggingConfig');
  yield* ofSchemaOrder(view);
}

function* ofOneFunction(id: string, properties: Readonly<Record<string, unknown>>): Generator<Mutant> {
  yield becomes('functions: Node.js 24', 'nodejs22.x', id, 'Properties', 'Runtime');
  yield becomes('functions: Node.js 24', ['x86_64'], id, 'Properties', 'Architectures');
  yield without('functions: Node.js 24', id, 'Properties', 'Architectures');
  yield becomes('functions: Node.js 24', { SubnetIds: [], SecurityGroupIds: [] }, id, 'Properties', 'VpcConfig');
  yield becomes('functions: time and memory', 901, id, 'Properties', 'Timeout');
  yield without('functions: re-sending', id, 'Properties', 'RecursiveLoop');
  const other = properties.RecursiveLoop === 'Allow' ? 'Terminate' : 'Allow';
  yield becomes('functions: re-sending', other, id, 'Properties', 'RecursiveLoop');
  yield without('logs: every function', id, 'Properties', 'LoggingConfig');
}

function* ofVariables(view: TemplateView, id: string): Generator<Mutant> {
  const names = Object.keys(variablesOf(view, id));
  for (const name of names)
    yield without('variables: what a handler', id, 'Properties', 'Environment', 'Variables', name);
  const variable = (name: string) => [id, 'Properties', 'Environment', 'Variables', name] as const;
  yield becomes('variables: no template', 'loopback-allowed', ...variable('TIDEGATE_EGRESS'));
  if (id !== 'Migrate') yield becomes('variables: the settings', '{"stage":1}', ...variable('SETTINGS'));
  for (const [name, other] of [
    ['RETRIES_QUEUE_URL', { Ref: 'DeliveriesQueue' }],
    ['DATABASE_SECRET_ARN', { Ref: id === 'Migrate' ? 'ServiceSecret' : 'OwnerSecret' }],
    ['BUS_NAME', 'default'],
    ['EVENT_SOURCE_MAPPING_IDS', { Ref: 'EventsMapping' }],
  ] as const) {
    if (names.includes(name)) yield becomes('variables: each names', other, ...variable(name));
  }
}

function* ofSchemaOrder(view: TemplateView): Generator<Mutant> {
  // Health also waits through the mappings that it names.
  for (const id of USING_THE_SCHEMA.filter((name) => name !== 'Health')) {
    const index = view.resource(id).DependsOn?.indexOf('Schema') ?? -1;
    yield without('schema: it is there before', id, 'DependsOn', index);
  }
  const waits = view.resource('Schema').DependsOn ?? [];
  const ofType = (type: string) => waits.findIndex((id) => view.resources.get(id)?.Type === type);
  yield without('schema: it is made by', 'Schema', 'DependsOn', ofType('AWS::RDS::DBInstance'));
  yield without('schema: it is made by', 'Schema', 'DependsOn', ofType('AWS::SecretsManager::SecretTargetAttachment'));
  yield becomes('schema: it is made by', { 'Fn::GetAtt': ['Publish', 'Arn'] }, 'Schema', 'Properties', 'ServiceToken');
  const framework = referenceIn(view.resource('Schema').Properties.ServiceToken);
  yield without('schema: it is made by', framework, 'Properties', 'Environment');
  yield without('schema: it is asked', 'Schema', 'Properties', 'migrationsSha256');
  yield without('schema: it is asked', 'Schema', 'Properties', 'serviceSecretArn');
  yield becomes('schema: it is asked', '600', 'Schema', 'Properties', 'ServiceTimeout');
  yield becomes('schema: who reports', '1', 'Health', 'Properties', 'Environment', 'Variables', 'SCHEMA_HEAD');
}

/** Log groups and roles. */
export function* mutantsOfRoles(view: TemplateView): Generator<Mutant> {
  for (const [id] of view.ofType('AWS::Logs::LogGroup')) {
    yield without('logs: every log group', id, 'Properties', 'RetentionInDays');
  }
  for (const [id, { Properties }] of view.ofType('AWS::IAM::Policy')) {
    const { Statement } = Properties.PolicyDocument as { readonly Statement: ReadonlyArray<Record<string, unknown>> };
    const at = (index: number) => [id, 'Properties', 'PolicyDocument', 'Statement', index] as const;
    for (const [index, { Action }] of Statement.entries()) {
      const isLogging = JSON.stringify(Action).includes('logs:');
      yield without(isLogging ? 'roles: a function writes' : 'access: every call', ...at(index));
      yield becomes('roles: no policy', '*', ...at(index), 'Resource');
    }
    const purge = { Effect: 'Allow', Action: 'sqs:PurgeQueue', Resource: { 'Fn::GetAtt': ['RetriesQueue', 'Arn'] } };
    yield becomes('access: nothing else', purge, ...at(Statement.length));
    const topic = { Effect: 'Allow', Action: 'sns:Publish', Resource: 'arn:aws:sns:us-east-1:000000000000:topic' };
    yield becomes('access: every right', topic, ...at(Statement.length));
    yield becomes('roles: no policy', 'sqs:*', ...at(0), 'Action');
  }
  for (const [id] of view.ofType('AWS::IAM::Role')) {
    const admin = ['arn:aws:iam::aws:policy/AdministratorAccess'];
    yield becomes('roles: no managed', admin, id, 'Properties', 'ManagedPolicyArns');
    const trust = [id, 'Properties', 'AssumeRolePolicyDocument', 'Statement', 0] as const;
    yield becomes('roles: each function', { AWS: '*' }, ...trust, 'Principal');
    if (id.startsWith('SchedulerRole')) yield without('roles: the scheduler', ...trust, 'Condition');
  }
  for (const [id, { DependsOn = [] }] of ownFunctions(view)) {
    const policy = DependsOn.findIndex((name) => view.resources.get(name)?.Type === 'AWS::IAM::Policy');
    yield without('roles: a function is not made', id, 'DependsOn', policy);
  }
  yield becomes('roles: each function', view.resource('Deliver').Properties.Role, 'Publish', 'Properties', 'Role');
  yield* ofWrongGrants(view);
}

/** Rights of one function in the hands of another. */
function* ofWrongGrants(view: TemplateView): Generator<Mutant> {
  const allow = (Action: string, Resource: unknown) => ({ Effect: 'Allow', Action, Resource });
  const arn = (id: string) => ({ 'Fn::GetAtt': [id, 'Arn'] });
  for (const [id, statement] of [
    ['Publish', allow('secretsmanager:GetSecretValue', { Ref: 'ServiceSecret' })],
    ['Deliver', allow('kms:GenerateDataKey', arn('Key'))],
    ['Sweeper', allow('kms:Decrypt', arn('Key'))],
    ['Daily', allow('secretsmanager:GetSecretValue', { Ref: 'OwnerSecret' })],
    ['Health', allow('lambda:InvokeFunction', arn('Migrate'))],
    ['FanOut', allow('s3:DeleteObject', { 'Fn::Join': ['', [arn('ControlBucket'), '/state/*']] })],
  ] as const) {
    yield becomes(
      'access: nothing else',
      statement,
      policyOf(view, id),
      'Properties',
      'PolicyDocument',
      'Statement',
      99,
    );
  }
  const listing = allow('s3:ListBucket', arn('ControlBucket'));
  yield becomes(
    'access: only the names',
    listing,
    policyOf(view, 'Sweeper'),
    'Properties',
    'PolicyDocument',
    'Statement',
    99,
  );
}

function policyOf(view: TemplateView, functionId: string): string {
  const role = referenceIn(view.resource(functionId).Properties.Role);
  const found = view.ofType('AWS::IAM::Policy').find(([, { Properties }]) => referencesIn(Properties.Roles).has(role));
  if (found === undefined) throw new Error(`${functionId} has no policy`);
  return found[0];
}
