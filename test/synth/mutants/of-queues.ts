import { referenceIn, type TemplateView } from '../template-view.ts';
import { becomes, type Mutant, without } from './mutant.ts';

/** Queues, the mappings that read them, and the bus that fills one of them. */
export function* mutantsOfQueues(view: TemplateView): Generator<Mutant> {
  for (const [id, { Properties }] of view.ofType('AWS::SQS::Queue')) {
    yield* ofOneQueue(id, 'RedrivePolicy' in Properties);
  }
  for (const [id, { Properties }] of view.ofType('AWS::SQS::QueuePolicy')) {
    const { Statement } = Properties.PolicyDocument as { readonly Statement: ReadonlyArray<{ Effect: string }> };
    for (const [index, { Effect }] of Statement.entries()) {
      const at = [id, 'Properties', 'PolicyDocument', 'Statement', index] as const;
      yield without(Effect === 'Deny' ? 'queues: each refuses' : 'bus: its rule', ...at);
      yield without(Effect === 'Deny' ? 'queues: each refuses' : 'bus: its rule', ...at, 'Condition');
      if (Effect !== 'Deny') yield becomes('bus: its rule', '*', ...at, 'Principal');
      if (Effect !== 'Deny')
        yield becomes('access: one AWS service', { Service: 's3.amazonaws.com' }, ...at, 'Principal');
    }
    yield without('queues: each refuses', id);
  }
  for (const [id, { Properties }] of view.ofType('AWS::Lambda::EventSourceMapping')) {
    yield* ofOneMapping(id);
    const queue = referenceIn(Properties.EventSourceArn);
    yield becomes('mappings: their queues', 59, queue, 'Properties', 'VisibilityTimeout');
    yield without('mappings: their queues', queue, 'Properties', 'VisibilityTimeout');
  }
  yield becomes('queues: those of', view.resource('EventsQueue'), 'SpareQueue');
  yield without('queues: those of', 'CapturesDeadLettersQueue');
  yield* ofBus(view);
}

function* ofOneQueue(id: string, isRedriven: boolean): Generator<Mutant> {
  yield becomes('queues: messages stay', 15 * 86_400, id, 'Properties', 'MessageRetentionPeriod');
  yield without('queues: messages stay', id, 'Properties', 'MessageRetentionPeriod');
  yield becomes('queues: visibility', 43_201, id, 'Properties', 'VisibilityTimeout');
  yield becomes('queues: visibility', 901, id, 'Properties', 'DelaySeconds');
  yield becomes('queues: each is encrypted', false, id, 'Properties', 'SqsManagedSseEnabled');
  yield without('queues: each stays', id, 'UpdateReplacePolicy');
  yield becomes('names: ', 'tidegate-queue', id, 'Properties', 'QueueName');
  const redrive = [id, 'Properties', 'RedrivePolicy'] as const;
  if (isRedriven) {
    yield becomes('queues: each redrives', 1001, ...redrive, 'maxReceiveCount');
    yield becomes('queues: each redrives', 3, ...redrive, 'maxReceiveCount');
    yield without('queues: each redrives', ...redrive, 'deadLetterTargetArn');
    yield becomes('queues: each redrives', { 'Fn::GetAtt': [id, 'Arn'] }, ...redrive, 'deadLetterTargetArn');
    yield without('queues: each redrives', ...redrive);
  }
}

function* ofOneMapping(id: string): Generator<Mutant> {
  yield without('mappings: one for each', id);
  yield becomes('mappings: one for each', { Ref: 'Daily' }, id, 'Properties', 'FunctionName');
  yield without('mappings: single failures', id, 'Properties', 'FunctionResponseTypes');
  yield becomes('mappings: single failures', 100, id, 'Properties', 'BatchSize');
  yield becomes('mappings: single failures', 5, id, 'Properties', 'MaximumBatchingWindowInSeconds');
  yield becomes('mappings: concurrency', 1, id, 'Properties', 'ScalingConfig', 'MaximumConcurrency');
  yield without('mappings: concurrency', id, 'Properties', 'ScalingConfig');
  yield becomes('mappings: Enabled', true, id, 'Properties', 'Enabled');
  yield becomes('mappings: Enabled', false, id, 'Properties', 'Enabled');
}

function* ofBus(view: TemplateView): Generator<Mutant> {
  const [[rule = ''] = []] = view.ofType('AWS::Events::Rule');
  const [[archive = ''] = []] = view.ofType('AWS::Events::Archive');
  const target = [rule, 'Properties', 'Targets', 0] as const;
  yield becomes('bus: one rule', { source: ['shop'] }, rule, 'Properties', 'EventPattern');
  yield becomes('bus: one rule', { account: { Ref: 'AWS::AccountId' } }, rule, 'Properties', 'EventPattern');
  yield without('bus: one rule', rule, 'Properties', 'EventPattern');
  yield without('bus: one rule', rule, 'Properties', 'EventBusName');
  yield becomes('bus: one rule', 'DISABLED', rule, 'Properties', 'State');
  yield without('bus: the rule tries', ...target, 'DeadLetterConfig');
  yield without('bus: the rule tries', ...target, 'RetryPolicy');
  yield without('bus: the rule tries', ...target);
  yield becomes('bus: the rule tries', { MessageGroupId: 'all' }, ...target, 'SqsParameters');
  yield becomes('bus: the rule tries', { 'Fn::GetAtt': ['DeliveriesQueue', 'Arn'] }, ...target, 'Arn');
  yield without('bus: an archive', archive);
  yield without('bus: an archive', archive, 'Properties', 'RetentionDays');
  yield becomes('bus: it is named', 'tidegate', 'Bus', 'Properties', 'Name');
}
