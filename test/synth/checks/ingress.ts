import { statementsIn } from '../policy-statements.ts';
import { referenceIn } from '../template-view.ts';
import { type Check, problem, unless } from './check.ts';

const DAY_SECONDS = 86_400;

/** Everything of the stack's account: the pattern of what is on the bus. */
function isWholeAccount(pattern: unknown): boolean {
  return /^\{"account":\[(\{"Ref":"AWS::AccountId"\}|"\d{12}")\]\}$/.test(JSON.stringify(pattern));
}

export const INGRESS_CHECKS: readonly Check[] = [
  {
    name: 'bus: one rule carries every event of the account to the events queue',
    *problems(view) {
      const rules = view.ofType('AWS::Events::Rule');
      yield* unless('Bus', 'number of rules', rules.length, 1);
      for (const [id, { Properties }] of rules) {
        if (!isWholeAccount(Properties.EventPattern))
          yield problem(id, `matches ${JSON.stringify(Properties.EventPattern)}`);
        yield* unless(id, 'EventBusName', Properties.EventBusName, { Ref: 'Bus' });
        yield* unless(id, 'State', Properties.State, 'ENABLED');
      }
    },
  },
  {
    name: 'bus: the rule tries for a day, then leaves the event in a queue of its own; no constant group id',
    *problems(view) {
      const target = {
        Arn: { 'Fn::GetAtt': ['EventsQueue', 'Arn'] },
        DeadLetterConfig: { Arn: { 'Fn::GetAtt': ['UndeliveredEventsQueue', 'Arn'] } },
        Id: 'Target0',
        // The most there is (EventBridge User Guide, "Retrying event delivery").
        RetryPolicy: { MaximumEventAgeInSeconds: DAY_SECONDS, MaximumRetryAttempts: 185 },
      };
      for (const [id, { Properties }] of view.ofType('AWS::Events::Rule')) {
        yield* unless(id, 'Targets', Properties.Targets, [target]);
      }
    },
  },
  {
    name: 'bus: its rule is let into the two queues, and nobody is into any other',
    *problems(view) {
      const [[rule = ''] = []] = view.ofType('AWS::Events::Rule');
      const allowed = statementsIn(view, 'AWS::SQS::QueuePolicy').filter(({ effect }) => effect !== 'Deny');
      for (const { policyId, resources, actions, principal, condition } of allowed) {
        yield* unless(policyId, 'actions', actions, ['sqs:SendMessage']);
        yield* unless(policyId, 'principal', principal, { Service: 'events.amazonaws.com' });
        const ofRule = { ArnEquals: { 'aws:SourceArn': { 'Fn::GetAtt': [rule, 'Arn'] } } };
        yield* unless(policyId, 'condition', condition, ofRule);
        const queue = referenceIn(view.resource(policyId).Properties.Queues);
        yield* unless(policyId, 'resources', resources, [{ 'Fn::GetAtt': [queue, 'Arn'] }]);
      }
      const queues = allowed.map(({ resources }) => referenceIn(resources)).sort();
      yield* unless('Bus', 'queues that it may send to', queues, ['EventsQueue', 'UndeliveredEventsQueue']);
    },
  },
  {
    name: 'bus: an archive of a day stands beside it',
    *problems(view) {
      const archives = view.ofType('AWS::Events::Archive');
      yield* unless('Bus', 'number of archives', archives.length, 1);
      for (const [id, { Properties }] of archives) {
        yield* unless(id, 'RetentionDays', Properties.RetentionDays, 1);
        yield* unless(id, 'SourceArn', Properties.SourceArn, { 'Fn::GetAtt': ['Bus', 'Arn'] });
        if (!isWholeAccount(Properties.EventPattern)) yield problem(id, 'does not keep every event');
      }
    },
  },
  {
    name: 'bus: it is named after the stack, so that each stage has its own',
    *problems(view) {
      yield* unless('Bus', 'Name', view.resource('Bus').Properties.Name, view.name);
      if (view.ofType('AWS::Events::EventBusPolicy').length > 0) yield problem('Bus', 'lets others put events');
    },
  },
];
