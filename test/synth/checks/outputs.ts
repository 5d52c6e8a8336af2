import { type Check, problem, unless, unlessSame } from './check.ts';

/** What the command and the tests look up, and what each says. */
const OUTPUTS: Readonly<Record<string, unknown>> = {
  ApiUrl: { 'Fn::GetAtt': ['Api', 'ApiEndpoint'] },
  BusName: { Ref: 'Bus' },
  BusArn: { 'Fn::GetAtt': ['Bus', 'Arn'] },
  KeyArn: { 'Fn::GetAtt': ['Key', 'Arn'] },
  OwnerSecretArn: { Ref: 'OwnerSecret' },
  ServiceSecretArn: { Ref: 'ServiceSecret' },
  DatabaseName: 'tidegate',
  ControlBucketName: { Ref: 'ControlBucket' },
  EventsQueueUrl: { Ref: 'EventsQueue' },
  DeliveriesQueueUrl: { Ref: 'DeliveriesQueue' },
  RetriesQueueUrl: { Ref: 'RetriesQueue' },
  DeadLettersQueueUrl: { Ref: 'DeadLettersQueue' },
  CapturesQueueUrl: { Ref: 'CapturesQueue' },
};

export const OUTPUT_CHECKS: readonly Check[] = [
  {
    name: 'outputs: what the command and the tests look up, without an export',
    *problems(view) {
      const outputs = view.json.Outputs ?? {};
      yield* unlessSame('outputs', Object.keys(outputs), [...Object.keys(OUTPUTS), 'ClusterArn']);
      for (const [name, { Value, Export }] of Object.entries(outputs)) {
        if (name in OUTPUTS) yield* unless(name, 'value', Value, OUTPUTS[name]);
        // An export's name is one of its account's, and blocks changes of who exports.
        if (Export !== undefined) yield problem(name, 'is exported');
      }
      if (!JSON.stringify(outputs.ClusterArn?.Value).includes('"DatabaseCluster"'))
        yield problem('ClusterArn', 'is not it');
    },
  },
];
