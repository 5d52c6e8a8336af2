import { readdirSync } from 'node:fs';
import { prerequisitesOf, referenceIn, variablesOf } from '../template-view.ts';
import { type Check, problem, unless } from './check.ts';
import { USING_THE_SCHEMA } from './fleet.ts';

export const SCHEMA_CHECKS: readonly Check[] = [
  {
    name: 'schema: it is there before every function that uses it, and before what wakes one',
    *problems(view) {
      const woken = ['AWS::Lambda::EventSourceMapping', 'AWS::Scheduler::Schedule'].flatMap((type) =>
        view.ofType(type),
      );
      for (const id of [...USING_THE_SCHEMA, ...woken.map(([id]) => id)]) {
        if (!prerequisitesOf(view, id).has('Schema')) yield problem(id, 'does not wait for Schema');
      }
      for (const [id] of view.ofType('AWS::ApiGatewayV2::Route')) {
        const before = prerequisitesOf(view, id);
        if (!before.has('Publish') && !before.has('Schema')) yield problem(id, 'does not wait for Schema');
      }
    },
  },
  {
    name: 'schema: it is made by Migrate, once the database has a writer, and its owner a login',
    *problems(view) {
      const before = prerequisitesOf(view, 'Schema');
      const types = [...before].map((id) => view.resources.get(id)?.Type);
      // A cluster without an instance accepts no statement.
      for (const type of ['AWS::RDS::DBInstance', 'AWS::SecretsManager::SecretTargetAttachment']) {
        if (!types.includes(type)) yield problem('Schema', `does not wait for ${type}`);
      }
      const framework = referenceIn(view.resource('Schema').Properties.ServiceToken);
      const called = variablesOf(view, framework).USER_ON_EVENT_FUNCTION_ARN;
      yield* unless(framework, 'what it calls', called, { 'Fn::GetAtt': ['Migrate', 'Arn'] });
    },
  },
  {
    name: 'schema: who reports readiness knows its head',
    *problems(view) {
      const versions = readdirSync('migrations').flatMap((name) => /^V(\d+)__/.exec(name)?.[1] ?? []);
      const head = String(Math.max(...versions.map(Number)));
      yield* unless('Health', 'SCHEMA_HEAD', variablesOf(view, 'Health').SCHEMA_HEAD, head);
    },
  },
  {
    name: 'schema: it is asked for again when the migrations or the secret of hook_svc change, and given time',
    *problems(view) {
      const { migrationsSha256, serviceSecretArn, ServiceTimeout } = view.resource('Schema').Properties;
      if (!/^[0-9a-f]{64}$/.test(String(migrationsSha256))) yield problem('Schema', 'lacks the hash of the migrations');
      yield* unless('Schema', 'serviceSecretArn', serviceSecretArn, { Ref: 'ServiceSecret' });
      const { Timeout } = view.resource('Migrate').Properties;
      if (!(Number(ServiceTimeout) > Number(Timeout))) {
        yield problem('Schema', `waits ${ServiceTimeout} s for a function that may run ${Timeout} s`);
      }
    },
  },
];
