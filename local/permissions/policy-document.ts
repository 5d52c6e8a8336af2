/** IAM policy documents as they stand in a resolved template, read strictly and made ready for questions. */
import { z } from 'zod';
import { type CallContext, type Condition, compileConditions } from './conditions.ts';
import { type Matcher, wildcard } from './wildcard.ts';

// A `${…}` here is a policy variable or an Fn::Sub that nobody resolved; both would be compared letter by letter.
const text = z.string().refine((value) => !value.includes('${'), { error: 'holds an unresolved variable' });
const oneOrMany = z.union([text, z.array(text)]);
const scalar = z.union([text, z.boolean()]);

const statementSchema = z.strictObject({
  Sid: z.string().optional(),
  Effect: z.enum(['Allow', 'Deny']),
  Action: oneOrMany.optional(),
  NotAction: oneOrMany.optional(),
  Resource: oneOrMany.optional(),
  NotResource: oneOrMany.optional(),
  Principal: z
    .union([z.literal('*'), z.strictObject({ AWS: oneOrMany.optional(), Service: oneOrMany.optional() })])
    .optional(),
  Condition: z.record(z.string(), z.record(z.string(), z.union([scalar, z.array(scalar)]))).optional(),
});

const documentSchema = z.strictObject({
  Version: z.string().optional(),
  Id: z.string().optional(),
  Statement: z.union([statementSchema, z.array(statementSchema)]),
});

/** Elements outside this shape (NotPrincipal, Federated principals) are refused at load. */
export type PolicyDocument = z.input<typeof documentSchema>;

export interface Statement {
  readonly isAllow: boolean;
  /** AWS principals of a resource policy (`*`, account roots, role ARNs); empty in a role's policy. */
  readonly awsPrincipals: readonly string[];
  /** Service principals of a resource policy, such as `events.amazonaws.com`. */
  readonly servicePrincipals: readonly string[];
  applies(action: string, resourceArn: string, context: CallContext): boolean;
}

/**
 * @param owner names the policy in errors: a function's logical id, a resource's ARN.
 * @throws Error naming owner and place of what is unresolved, unknown or missing.
 */
export function compilePolicy(owner: string, document: PolicyDocument): readonly Statement[] {
  const parsed = documentSchema.safeParse(document);
  if (!parsed.success) throw new Error(`policy of ${owner}: ${z.prettifyError(parsed.error)}`);
  return [parsed.data.Statement].flat().map((statement, index) => {
    try {
      return compileStatement(statement);
    } catch (error) {
      throw new Error(`policy of ${owner}, statement ${index}: ${(error as Error).message}`, { cause: error });
    }
  });
}

function compileStatement(source: z.output<typeof statementSchema>): Statement {
  const isAction = compileList('Action', source.Action, source.NotAction);
  const isResource = compileList('Resource', source.Resource, source.NotResource);
  const holds: Condition = compileConditions(source.Condition ?? {});
  const { AWS: accounts, Service: services } =
    source.Principal === '*' ? { AWS: '*', Service: undefined } : (source.Principal ?? {});
  return {
    isAllow: source.Effect === 'Allow',
    awsPrincipals: [accounts ?? []].flat(),
    servicePrincipals: [services ?? []].flat(),
    applies: (action, resourceArn, context) => isAction(action) && isResource(resourceArn) && holds(context),
  };
}

function compileList(
  name: 'Action' | 'Resource',
  wanted: string | string[] | undefined,
  unwanted: string | string[] | undefined,
): Matcher {
  const list = wanted ?? unwanted;
  if (list === undefined || (wanted !== undefined && unwanted !== undefined)) {
    throw new Error(`needs exactly one of ${name} and Not${name}`);
  }
  const matchers = [list].flat().map((pattern) => wildcard(pattern, { ignoreCase: name === 'Action' }));
  const isWanted = wanted !== undefined;
  return (value) => matchers.some((matches) => matches(value)) === isWanted;
}
