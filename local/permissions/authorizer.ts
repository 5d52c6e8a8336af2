/**
 * Decides every AWS call that a function makes against the function's own role, and every delivery of one service to
 * another against the receiver's resource policy. Source: IAM User Guide, "Policy evaluation logic".
 */
import type { Authorizer, Decision } from '../services/authorizer.ts';
import { LOCAL_ACCOUNT, ServiceError } from '../services/service.ts';
import type { CallContext } from './conditions.ts';
import { compilePolicy, type PolicyDocument, type Statement } from './policy-document.ts';

/** Tests and the command: may do anything, as an administrator of the account. */
export const OPERATOR = 'operator';

const ACCOUNT_PRINCIPALS = new Set([LOCAL_ACCOUNT, `arn:aws:iam::${LOCAL_ACCOUNT}:root`]);
// Decisions are remembered up to here; object keys of S3 are the only resources without a natural bound.
const MOST_REMEMBERED = 10_000;

export interface AuthorizerProps {
  /** Role policies (inline and managed together) by principal: the access key id that the engine gives a function. */
  readonly roles: ReadonlyMap<string, readonly PolicyDocument[]>;
  /** Queue, bucket, key and function policies by the resource's ARN. A bucket's objects follow the bucket's. */
  readonly resourcePolicies?: ReadonlyMap<string, readonly PolicyDocument[]>;
}

export interface PolicyAuthorizer extends Authorizer {
  /**
   * May an AWS service do this, by the resource's own policy? Roles are not asked.
   * @param sourceArn the rule, API or bucket on whose behalf it calls (`aws:SourceArn`).
   */
  canService(servicePrincipal: string, action: string, resourceArn: string, sourceArn: string): boolean;
}

/** @throws Error naming the policy that cannot be read in full. */
export function createAuthorizer(props: AuthorizerProps): PolicyAuthorizer {
  const roles = compileAll(props.roles);
  const resourcePolicies = compileAll(props.resourcePolicies ?? new Map());
  const decisions = new Map<string, Decision>();
  const serviceDecisions = new Map<string, boolean>();

  const decide = (asked: Question): Decision => {
    const { principal, action, resource, context } = asked;
    const key = `${principal}\n${action}\n${resource}${context === NO_CONTEXT ? '' : `\n${JSON.stringify(context)}`}`;
    const known = decisions.get(key);
    if (known !== undefined) return known;
    const policy = resourcePolicies.get(policyOwner(resource)) ?? [];
    const allowed = principal === OPERATOR || isAllowed(roles.get(principal), policy, asked);
    return remember(decisions, key, { principal, action, resource, allowed });
  };

  const authorize: (...asked: Parameters<Authorizer>) => void = (principal, action, resource, context = NO_CONTEXT) => {
    if (!decide({ principal, action, resource, context }).allowed) throw accessDenied(principal, action, resource);
  };
  return Object.assign(authorize, {
    seen: () => [...decisions.values()],
    canService: (servicePrincipal: string, action: string, resourceArn: string, sourceArn: string): boolean => {
      const key = `${servicePrincipal}\n${action}\n${resourceArn}\n${sourceArn}`;
      const known = serviceDecisions.get(key);
      if (known !== undefined) return known;
      const context = { 'aws:sourcearn': sourceArn, 'aws:sourceaccount': LOCAL_ACCOUNT };
      const statements = (resourcePolicies.get(policyOwner(resourceArn)) ?? []).filter(
        (statement) =>
          (statement.servicePrincipals.includes(servicePrincipal) || statement.awsPrincipals.includes('*')) &&
          statement.applies(action, resourceArn, context),
      );
      return remember(serviceDecisions, key, verdict(statements));
    },
  });
}

function compileAll(documents: ReadonlyMap<string, readonly PolicyDocument[]>): Map<string, readonly Statement[]> {
  return new Map(
    [...documents].map(([owner, list]) => [owner, list.flatMap((document) => compilePolicy(owner, document))]),
  );
}

interface Question extends Omit<Decision, 'allowed'> {
  readonly context: CallContext;
}

const NO_CONTEXT: CallContext = {};

function isAllowed(role: readonly Statement[] | undefined, policy: readonly Statement[], asked: Question): boolean {
  if (role === undefined) return false;
  const applying = (statements: readonly Statement[]) =>
    statements.filter((statement) => statement.applies(asked.action, asked.resource, asked.context));
  const ofRole = applying(role);
  const ofResource = applying(policy);
  const forAccount = ofResource.filter((statement) => statement.awsPrincipals.some(isAccountWide));
  const forRole = ofResource.filter((statement) =>
    statement.awsPrincipals.some((name) => namesRole(name, asked.principal)),
  );
  if ([...ofRole, ...forAccount, ...forRole].some((statement) => !statement.isAllow)) return false;
  const isGrantedByResource = verdict(forRole);
  // A key's policy comes first: only its statement for the account's root hands the decision to the role.
  // Source: KMS Developer Guide, "Default key policy".
  const isKey = asked.resource.startsWith('arn:aws:kms:') && policy.length > 0;
  if (isKey && !verdict(forAccount)) return isGrantedByResource;
  return isGrantedByResource || verdict(ofRole);
}

/** An explicit Deny wins; without any Allow the answer is no. */
function verdict(statements: readonly Statement[]): boolean {
  return statements.length > 0 && statements.every((statement) => statement.isAllow);
}

function isAccountWide(name: string): boolean {
  return name === '*' || ACCOUNT_PRINCIPALS.has(name);
}

function namesRole(name: string, principal: string): boolean {
  return name === '*' || name === principal || name === `arn:aws:iam::${LOCAL_ACCOUNT}:role/${principal}`;
}

/** `arn:aws:s3:::bucket/key` is governed by the policy of `arn:aws:s3:::bucket`. */
function policyOwner(arn: string): string {
  if (!arn.startsWith('arn:aws:s3:::')) return arn;
  const slash = arn.indexOf('/');
  return slash < 0 ? arn : arn.slice(0, slash);
}

function remember<T>(memory: Map<string, T>, key: string, value: T): T {
  if (memory.size < MOST_REMEMBERED) memory.set(key, value);
  return value;
}

// Older services (SQS, S3, the query protocols) say AccessDenied, the JSON ones AccessDeniedException.
const SAYS_ACCESS_DENIED = new Set(['sqs', 's3', 'rds', 'cloudformation']);

function accessDenied(principal: string, action: string, resourceArn: string): ServiceError {
  const code = SAYS_ACCESS_DENIED.has(action.slice(0, action.indexOf(':'))) ? 'AccessDenied' : 'AccessDeniedException';
  const user = `arn:aws:sts::${LOCAL_ACCOUNT}:assumed-role/${principal}/${principal}`;
  return new ServiceError(
    code,
    `User: ${user} is not authorized to perform: ${action} on resource: ${resourceArn} because no policy of its role allows it`,
    403,
  );
}
