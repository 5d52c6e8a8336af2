import { referenceIn } from '../template-view.ts';
import { type Check, problem, unless, unlessSame, unlessWithin } from './check.ts';
import { BEHIND_THE_API, FUNCTIONS, folderOf, isProviderFramework, ownFunctions, RESENDING } from './fleet.ts';

// Source: Lambda Developer Guide, "Lambda quotas".
const TIMEOUT_SECONDS = [1, 900] as const;
const MEMORY_MB = [128, 10_240] as const;
// An HTTP API gives up after 30 s (API Gateway quotas); the function has to have answered by then.
const API_TIMEOUT_SECONDS = [1, 29] as const;
const MOST_RETENTION_DAYS = 30;

export const FUNCTION_CHECKS: readonly Check[] = [
  {
    name: 'functions: those of docs/architecture.md and no others',
    *problems(view) {
      const ids = ownFunctions(view).map(([id]) => id);
      yield* unlessSame('functions', ids, FUNCTIONS);
    },
  },
  {
    name: 'functions: Node.js 24 on arm64, in no VPC, with no reserved concurrency',
    *problems(view) {
      for (const [id, { Properties }] of ownFunctions(view)) {
        yield* unless(id, 'Runtime', Properties.Runtime, 'nodejs24.x');
        yield* unless(id, 'Architectures', Properties.Architectures, ['arm64']);
        yield* unless(id, 'Handler', Properties.Handler, 'index.handler');
        // A new account has 10 concurrent executions in all, and none to reserve (Lambda quotas).
        for (const name of ['VpcConfig', 'ReservedConcurrentExecutions', 'Layers', 'PackageType']) {
          if (name in Properties) yield problem(id, `has ${name}`);
        }
      }
    },
  },
  {
    name: 'functions: the code of their own folder',
    *problems(view) {
      for (const [id, { Properties }] of ownFunctions(view)) {
        const { S3Key } = Properties.Code as { readonly S3Key?: unknown };
        yield* unless(id, 'Code.S3Key', S3Key, `${folderOf(id)}.zip`);
      }
    },
  },
  {
    name: 'functions: time and memory within the limits of Lambda',
    *problems(view) {
      for (const [id, { Properties }] of view.ofType('AWS::Lambda::Function')) {
        const timeout = BEHIND_THE_API.includes(id) ? API_TIMEOUT_SECONDS : TIMEOUT_SECONDS;
        yield* unlessWithin(id, 'Timeout', Properties.Timeout, timeout);
        if (!isProviderFramework(id)) yield* unlessWithin(id, 'MemorySize', Properties.MemorySize, MEMORY_MB);
      }
    },
  },
  {
    name: 'functions: re-sending is allowed where messages come back by design, and nowhere else',
    *problems(view) {
      for (const [id, { Properties }] of ownFunctions(view)) {
        yield* unless(id, 'RecursiveLoop', Properties.RecursiveLoop, RESENDING.includes(id) ? 'Allow' : 'Terminate');
      }
    },
  },
  {
    name: 'logs: every function has a log group of its own',
    *problems(view) {
      const groups = view.ofType('AWS::Lambda::Function').map(([id, { Properties }]) => {
        return [id, referenceIn((Properties.LoggingConfig as { LogGroup?: unknown } | undefined)?.LogGroup)] as const;
      });
      for (const [id, group] of groups) {
        yield* unless(id, 'log group', view.resources.get(group)?.Type, 'AWS::Logs::LogGroup');
        if (groups.filter(([, other]) => other === group).length > 1) yield problem(id, `shares ${group}`);
      }
    },
  },
  {
    name: 'logs: every log group forgets, and goes with the stack',
    *problems(view) {
      for (const [id, { Properties, DeletionPolicy }] of view.ofType('AWS::Logs::LogGroup')) {
        yield* unlessWithin(id, 'RetentionInDays', Properties.RetentionInDays, [1, MOST_RETENTION_DAYS]);
        yield* unless(id, 'DeletionPolicy', DeletionPolicy, 'Delete');
      }
    },
  },
];
