/** Where the emulator names actions or resources otherwise than AWS does, its policies are given both names. */
import { z } from 'zod';
import type { Resources } from './resources.ts';

/**
 * Actions that the emulator asks for in place of those that AWS asks for. AWS has no batch actions (the single one covers
 * the batch call); GetEventSourceMapping it takes for the list of all.
 */
const OTHER_ACTIONS: Readonly<Record<string, string>> = {
  'sqs:SendMessage': 'sqs:SendMessageBatch',
  'sqs:DeleteMessage': 'sqs:DeleteMessageBatch',
  'sqs:ChangeMessageVisibility': 'sqs:ChangeMessageVisibilityBatch',
  'lambda:GetEventSourceMapping': 'lambda:ListEventSourceMappings',
};

/** A cluster may be asked for by its ARN, which the emulator takes for a name and puts into another ARN. */
const CLUSTER_ACTION = 'rds:DescribeDBClusters';

const statementSchema = z.looseObject({ Action: z.unknown(), Resource: z.unknown() });
const propertiesSchema = z.looseObject({ PolicyDocument: z.looseObject({ Statement: z.array(statementSchema) }) });

type Statement = z.output<typeof statementSchema>;

/** Changes `AWS::IAM::Policy` resources in place. @returns what was changed, for people to read. */
export function nameOtherwise(resources: Resources): string[] {
  const counts = new Map<string, number>();
  for (const resource of Object.values(resources)) {
    if (resource.Type !== 'AWS::IAM::Policy') continue;
    const properties = propertiesSchema.parse(resource.Properties);
    for (const statement of properties.PolicyDocument.Statement) {
      for (const name of [...addActions(statement), ...addClusterNames(statement)]) {
        counts.set(name, (counts.get(name) ?? 0) + 1);
      }
    }
    resource.Properties = properties;
  }
  return [...counts].map(([name, count]) => `allowed ${name} as well, in ${count} statements`);
}

function actionsOf({ Action }: Statement): string[] {
  return [Action].flat().filter((action) => typeof action === 'string');
}

function addActions(statement: Statement): string[] {
  const actions = actionsOf(statement);
  const others = actions.flatMap((action) => OTHER_ACTIONS[action] ?? []);
  if (others.length > 0) statement.Action = [...actions, ...others];
  return others;
}

function addClusterNames(statement: Statement): string[] {
  if (!actionsOf(statement).includes(CLUSTER_ACTION)) return [];
  const place = ['arn:', { Ref: 'AWS::Partition' }, ':rds:', { Ref: 'AWS::Region' }, ':', { Ref: 'AWS::AccountId' }];
  const arns = [statement.Resource].flat();
  statement.Resource = [...arns, ...arns.map((arn) => ({ 'Fn::Join': ['', [...place, ':cluster:', arn]] }))];
  return [`${CLUSTER_ACTION} on a cluster by its ARN`];
}
