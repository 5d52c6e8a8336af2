import { referencesIn, type SynthesizedStack } from './synthesized-stack.ts';

/** One statement of a role's or a resource's policy, its lists always lists. */
export interface PolicyStatement {
  /** Logical id of the policy that it stands in. */
  readonly policyId: string;
  readonly effect: string;
  readonly actions: readonly string[];
  readonly resources: readonly unknown[];
  readonly principal?: unknown;
  readonly condition?: unknown;
}

/** Statements of the policies of one type (`AWS::IAM::Policy`, `AWS::SQS::QueuePolicy`, …). */
export function statementsIn(stack: SynthesizedStack, policyType: string): readonly PolicyStatement[] {
  return stack.ofType(policyType).flatMap(([policyId, { Properties }]) => {
    const document = Properties.PolicyDocument as { Statement: Array<Record<string, unknown>> };
    return document.Statement.map((statement) => ({
      policyId,
      effect: String(statement.Effect),
      actions: [statement.Action].flat().map(String),
      resources: [statement.Resource].flat(),
      principal: statement.Principal,
      condition: statement.Condition,
    }));
  });
}

/** What the role of a function may do. */
export function statementsOf(stack: SynthesizedStack, functionId: string): readonly PolicyStatement[] {
  const [roleId] = referencesIn(stack.resource(functionId).Properties.Role);
  if (roleId === undefined) throw new Error(`${functionId} has no role of the stack`);
  return statementsIn(stack, 'AWS::IAM::Policy').filter(({ policyId }) =>
    referencesIn(stack.resource(policyId).Properties.Roles).has(roleId),
  );
}

/** `action on Resource`, sorted: the grants of a function in a form that reads like a table. */
export function grantsOf(stack: SynthesizedStack, functionId: string): readonly string[] {
  return statementsOf(stack, functionId)
    .flatMap(({ actions, resources }) =>
      actions.flatMap((action) => resources.map((r) => `${action} on ${shortName(r)}`)),
    )
    .filter((grant) => !grant.startsWith('logs:'))
    .sort();
}

/** The resource's logical id, followed by what of it is meant. */
function shortName(resource: unknown): string {
  const [id] = [...referencesIn(resource)].filter((name) => !name.startsWith('AWS::'));
  if (id === undefined) return JSON.stringify(resource);
  const join = (resource as { 'Fn::Join'?: readonly [string, readonly unknown[]] })['Fn::Join'];
  const last = join?.[1].at(-1);
  return typeof last === 'string' ? `${id}${last}` : id;
}
