import { referencesIn, type TemplateView } from './template-view.ts';

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
export function statementsIn(view: TemplateView, policyType: string): readonly PolicyStatement[] {
  return view.ofType(policyType).flatMap(([policyId, { Properties }]) => {
    const document = Properties.PolicyDocument as { Statement: Array<Record<string, unknown>> };
    return document.Statement.map((statement) => ({
      policyId,
      effect: String(statement.Effect),
      actions: [statement.Action ?? []].flat().map(String),
      resources: [statement.Resource ?? []].flat(),
      principal: statement.Principal,
      condition: statement.Condition,
    }));
  });
}

/** What a role may do. */
export function statementsOfRole(view: TemplateView, roleId: string): readonly PolicyStatement[] {
  return statementsIn(view, 'AWS::IAM::Policy').filter(({ policyId }) =>
    referencesIn(view.resource(policyId).Properties.Roles).has(roleId),
  );
}
