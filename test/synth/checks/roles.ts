import { statementsIn, statementsOfRole } from '../policy-statements.ts';
import { prerequisitesOf, referenceIn } from '../template-view.ts';
import { type Check, problem, unless, unlessSame } from './check.ts';
import { isProviderFramework, ownFunctions } from './fleet.ts';

/** The only action that may be asked for on something `*` stands in. */
const OBJECTS_BELOW = /^s3:(Get|Put|Delete)Object$/;

export const ROLE_CHECKS: readonly Check[] = [
  {
    name: 'roles: no policy allows by wildcard, but for objects below a prefix and versions of a function',
    *problems(view) {
      for (const { policyId, actions, resources } of statementsIn(view, 'AWS::IAM::Policy')) {
        for (const action of actions.filter((name) => name.includes('*'))) yield problem(policyId, `allows ${action}`);
        for (const resource of resources) {
          const text = JSON.stringify(resource);
          const isPrefix = actions.every((name) => OBJECTS_BELOW.test(name)) && /"\/[a-z]+\/\*"\]\]\}$/.test(text);
          const isVersion = actions.includes('lambda:InvokeFunction') && /"Arn"\]\},":\*"\]\]\}$/.test(text);
          if (text.includes('*') && !isPrefix && !isVersion) yield problem(policyId, `allows it on ${text}`);
        }
      }
    },
  },
  {
    name: 'roles: no managed policy, but for the framework of the custom resource, whose role CDK makes',
    *problems(view) {
      for (const [id, { Properties }] of view.ofType('AWS::IAM::Role')) {
        if ('ManagedPolicyArns' in Properties && !isProviderFramework(id)) yield problem(id, 'has managed policies');
        const names = JSON.stringify(Properties.ManagedPolicyArns ?? []).match(/policy\/[\w/-]+/g) ?? [];
        const known = isProviderFramework(id) ? ['policy/service-role/AWSLambdaBasicExecutionRole'] : [];
        yield* unlessSame(id, names, known);
      }
      for (const type of ['AWS::IAM::ManagedPolicy', 'AWS::IAM::User', 'AWS::IAM::AccessKey']) {
        for (const [id] of view.ofType(type)) yield problem(id, `is of type ${type}`);
      }
    },
  },
  {
    name: 'roles: each function has its own, which Lambda alone may take',
    *problems(view) {
      const roles = ownFunctions(view).map(([id, { Properties }]) => [id, referenceIn(Properties.Role)] as const);
      for (const [id, role] of roles) {
        if (roles.filter(([, other]) => other === role).length > 1) yield problem(id, `shares ${role}`);
      }
      for (const [id, { Properties }] of view.ofType('AWS::IAM::Role')) {
        const { Statement } = Properties.AssumeRolePolicyDocument as { readonly Statement: readonly unknown[] };
        const service = id.startsWith('SchedulerRole') ? 'scheduler' : 'lambda';
        const takers = Statement.map((statement) => (statement as { Principal?: unknown }).Principal);
        yield* unless(id, 'who may take it', takers, [{ Service: `${service}.amazonaws.com` }]);
      }
    },
  },
  {
    name: 'roles: the scheduler takes its own on behalf of this account alone',
    *problems(view) {
      for (const [id, { Properties }] of view.ofType('AWS::IAM::Role')) {
        if (!id.startsWith('SchedulerRole')) continue;
        // Else another account's schedule could use it (EventBridge Scheduler User Guide, "Confused deputy prevention").
        if (!JSON.stringify(Properties.AssumeRolePolicyDocument).includes('"aws:SourceAccount"')) {
          yield problem(id, 'does not name the account');
        }
      }
    },
  },
  {
    name: 'roles: a function writes to its own log group, and to no other',
    *problems(view) {
      for (const [id, { Properties }] of ownFunctions(view)) {
        const group = referenceIn((Properties.LoggingConfig as { LogGroup?: unknown } | undefined)?.LogGroup);
        const logging = statementsOfRole(view, referenceIn(Properties.Role)).filter(({ actions }) =>
          actions.some((name) => name.startsWith('logs:')),
        );
        yield* unlessSame(
          id,
          logging.flatMap(({ actions }) => actions),
          ['logs:CreateLogStream', 'logs:PutLogEvents'],
        );
        for (const { resources } of logging) {
          yield* unless(id, 'log group', resources, [{ 'Fn::GetAtt': [group, 'Arn'] }]);
        }
      }
    },
  },
  {
    name: 'roles: a function is not made before its rights, which a first call would otherwise lack',
    *problems(view) {
      for (const [id, { Properties }] of view.ofType('AWS::Lambda::Function')) {
        const before = prerequisitesOf(view, id);
        for (const { policyId } of statementsOfRole(view, referenceIn(Properties.Role))) {
          if (!before.has(policyId)) yield problem(id, `does not wait for ${policyId}`);
        }
      }
    },
  },
];
