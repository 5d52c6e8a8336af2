import type { PolicyDocument } from '../../../local/permissions/policy-document.ts';
import { compilePolicy } from '../../../local/permissions/policy-document.ts';
import { accessOf, type StackAccess } from '../stack-access.ts';
import type { TemplateView } from '../template-view.ts';
import { ACTIONS, CALLS, CONTEXTS } from './calls-of-functions.ts';
import { type Check, type Problem, problem } from './check.ts';

/** Objects that are asked for in every bucket, versions of every function. */
const BEHIND: Readonly<Record<string, readonly string[]>> = {
  s3: ['', '/due/2026-02-03T04:05', '/state/schema.json', '/elsewhere'],
  lambda: ['', ':1'],
};

// One evaluation serves all checks of a view.
const known = new WeakMap<TemplateView, Promise<StackAccess>>();

export function accessTo(view: TemplateView): Promise<StackAccess> {
  const access = known.get(view) ?? accessOf(view);
  known.set(view, access);
  return access;
}

export const ACCESS_CHECKS: readonly Check[] = [
  {
    name: 'access: every call that a function makes is allowed by its role',
    async *problems(view) {
      const access = await accessTo(view);
      for (const [caller, calls] of Object.entries(CALLS)) {
        for (const call of calls) {
          const [action, resource] = parts(call);
          if (!access.may(caller, action, resource, CONTEXTS[action])) yield problem(caller, `may not ${call}`);
        }
      }
    },
  },
  {
    name: 'access: nothing else is allowed to anybody, on anything of the stack',
    async *problems(view) {
      const access = await accessTo(view);
      for (const [action, resource] of everyQuestion(access)) {
        for (const caller of access.policies.keys()) {
          if (CALLS[caller]?.includes(`${action} on ${resource}`)) continue;
          if (access.may(caller, action, resource, CONTEXTS[action])) {
            yield problem(caller, `may ${action} on ${resource}`);
          }
        }
      }
    },
  },
  {
    name: 'access: only the names of markers can be listed',
    async *problems(view) {
      const access = await accessTo(view);
      for (const context of [{}, { 's3:prefix': '' }, { 's3:prefix': 'state/' }]) {
        if (access.may('Sweeper', 's3:ListBucket', 'ControlBucket', context)) {
          yield problem('Sweeper', `may list the bucket with ${JSON.stringify(context)}`);
        }
      }
    },
  },
  {
    name: 'access: every right is used by a call',
    async *problems(view) {
      const access = await accessTo(view);
      for (const [caller, documents] of access.policies) {
        for (const document of documents) yield* unusedRights(access, caller, document);
      }
    },
  },
  {
    name: 'access: one AWS service is let into another where the way of an event leads, and nowhere else',
    async *problems(view) {
      const access = await accessTo(view);
      const wanted = serviceCalls(access);
      for (const [service, action, target, source] of everyServiceQuestion(access)) {
        const isWanted = wanted.has(`${service} ${target} ${source}`);
        const isAllowed = access.authorizer.canService(service, action, access.arnOf(target), source);
        if (isAllowed !== isWanted) {
          yield problem(target, `${service} ${isAllowed ? 'may' : 'may not'} ${action} on behalf of ${source}`);
        }
      }
    },
  },
];

function parts(call: string): readonly [action: string, resource: string] {
  const [action = '', resource = ''] = call.split(' on ', 2);
  return [action, resource];
}

/** Each action of a service on everything there is of that service. */
function* everyQuestion(access: StackAccess): Generator<readonly [action: string, resource: string]> {
  for (const [id, arn] of access.arns) {
    const service = arn.split(':')[2] ?? '';
    // The Data API has no resources of its own.
    for (const prefix of service === 'rds' ? ['rds', 'rds-data'] : [service]) {
      for (const action of ACTIONS[prefix] ?? []) {
        for (const rest of BEHIND[prefix] ?? ['']) yield [`${prefix}:${action}`, `${id}${rest}`];
      }
    }
  }
}

/** Each action of each statement on each of its resources is asked for by at least one call. */
function* unusedRights(access: StackAccess, caller: string, document: PolicyDocument): Generator<Problem> {
  for (const statement of [document.Statement].flat()) {
    for (const action of [statement.Action ?? []].flat()) {
      // Written by Lambda itself, to a log group that `roles:` checks.
      if (action.startsWith('logs:')) continue;
      for (const resource of [statement.Resource ?? []].flat()) {
        const [right] = compilePolicy(caller, { Statement: { ...statement, Action: action, Resource: resource } });
        const isUsed = (CALLS[caller] ?? []).some((call) => {
          const [name, target] = parts(call);
          return right?.applies(name, access.arnOf(target), CONTEXTS[name] ?? {});
        });
        if (!isUsed) yield problem(caller, `never uses ${action} on ${resource}`);
      }
    }
  }
}

const RULE = 'events.amazonaws.com';
const GATEWAY = 'apigateway.amazonaws.com';
const API_CALL = 'arn:aws:execute-api:us-east-1:000000000000:local/$default/GET/health';
const FOREIGN_API_CALL = 'arn:aws:execute-api:us-east-1:000000000000:another/$default/GET/health';
const FOREIGN_RULE = 'arn:aws:events:us-east-1:000000000000:rule/another/rule';

/** `service target source` of the calls between services. */
function serviceCalls(access: StackAccess): ReadonlySet<string> {
  const rule = ruleOf(access);
  return new Set([
    `${RULE} EventsQueue ${rule}`,
    `${RULE} UndeliveredEventsQueue ${rule}`,
    ...['Publish', 'Webhooks', 'Deliveries', 'Health'].map((name) => `${GATEWAY} ${name} ${API_CALL}`),
  ]);
}

function* everyServiceQuestion(access: StackAccess): Generator<readonly [string, string, string, string]> {
  const sources = [ruleOf(access), FOREIGN_RULE, API_CALL, FOREIGN_API_CALL];
  for (const [target, arn] of access.arns) {
    const action = { sqs: 'sqs:SendMessage', lambda: 'lambda:InvokeFunction' }[arn.split(':')[2] ?? ''];
    if (action === undefined) continue;
    for (const service of [RULE, GATEWAY, 's3.amazonaws.com', 'sns.amazonaws.com']) {
      for (const source of sources) yield [service, action, target, source];
    }
  }
}

function ruleOf(access: StackAccess): string {
  return [...access.arns.values()].find((arn) => arn.includes(':rule/')) ?? '';
}
