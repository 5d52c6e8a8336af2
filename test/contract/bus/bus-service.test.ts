import {
  DescribeArchiveCommand,
  DescribeRuleCommand,
  DisableRuleCommand,
  EnableRuleCommand,
  EventBridgeClient,
  ListRulesCommand,
  ListTargetsByRuleCommand,
  PutEventsCommand,
  type PutEventsRequestEntry,
  TestEventPatternCommand,
} from '@aws-sdk/client-eventbridge';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ARCHIVE_REASON, createBusService } from '../../../local/bus/bus-service.ts';
import { busArn, type RuleProperties, ruleArn } from '../../../local/bus/rules.ts';
import { createAuthorizer } from '../../../local/permissions/authorizer.ts';
import { type ServiceBench, startServiceBench } from '../service-bench.ts';

const QUEUE = 'arn:aws:sqs:us-east-1:000000000000:Events';
const OTHER_QUEUE = 'arn:aws:sqs:us-east-1:000000000000:Other';
const RULE: RuleProperties = {
  Name: 'ToQueue',
  EventBusName: 'hooks',
  EventPattern: { source: [{ 'anything-but': ['quiet'] }] },
  Targets: [
    { Id: 'q', Arn: QUEUE, SqsParameters: { MessageGroupId: 'events' }, RetryPolicy: { MaximumRetryAttempts: 185 } },
  ],
};
const queuePolicy = (queueArn: string, sourceArn: string) =>
  [
    queueArn,
    [
      {
        Statement: {
          Effect: 'Allow' as const,
          Principal: { Service: 'events.amazonaws.com' },
          Action: 'sqs:SendMessage',
          Resource: queueArn,
          Condition: { ArnEquals: { 'aws:SourceArn': sourceArn } },
        },
      },
    ],
  ] as const;

interface Sent {
  readonly queueArn: string;
  readonly body: string;
  readonly groupId: string | undefined;
}

describe('EventBridge', () => {
  let bench: ServiceBench;
  let client: EventBridgeClient;
  let sent: Sent[];
  let gate: Promise<void>;

  const authorizer = createAuthorizer({
    roles: new Map([
      ['Fn', [{ Statement: { Effect: 'Allow', Action: 'events:PutEvents', Resource: busArn('hooks') } }]],
    ]),
    resourcePolicies: new Map([
      queuePolicy(QUEUE, ruleArn('hooks', 'ToQueue')),
      queuePolicy(OTHER_QUEUE, ruleArn('hooks', 'Another')),
    ]),
  });
  const start = async (rules: readonly RuleProperties[] = [RULE]) => {
    const bus = createBusService({
      rules,
      busNames: ['hooks'],
      archives: [{ name: 'all', sourceArn: busArn('hooks') }],
      canService: authorizer.canService,
      deliver: async (queueArn, body, groupId) => {
        await gate;
        sent.push({ queueArn, body, groupId });
      },
    });
    bench = await startServiceBench([bus], authorizer);
    client = new EventBridgeClient(bench.client('events'));
  };
  const entry = (extra: Partial<PutEventsRequestEntry> = {}): PutEventsRequestEntry => ({
    EventBusName: 'hooks',
    Source: 'shop',
    DetailType: 'order.created',
    Detail: '{"a":1}',
    ...extra,
  });
  const put = (...Entries: PutEventsRequestEntry[]) => client.send(new PutEventsCommand({ Entries }));

  beforeEach(async () => {
    sent = [];
    gate = Promise.resolve();
    await start();
  });
  afterEach(async () => {
    client.destroy();
    await bench.close();
  });

  it('puts the AWS envelope on the queue', async () => {
    const time = new Date('2026-03-04T05:06:07.890Z');
    const answer = await put(entry({ Time: time, Resources: ['arn:aws:x'] }));
    expect(answer.FailedEntryCount).toBe(0);
    expect(sent).toHaveLength(1);
    expect(sent[0]).toMatchObject({ queueArn: QUEUE, groupId: 'events' });
    expect(Object.entries(JSON.parse(sent[0]?.body ?? '') as object)).toEqual([
      ['version', '0'],
      ['id', answer.Entries?.[0]?.EventId],
      ['detail-type', 'order.created'],
      ['source', 'shop'],
      ['account', '000000000000'],
      ['time', '2026-03-04T05:06:07Z'],
      ['region', 'us-east-1'],
      ['resources', ['arn:aws:x']],
      ['detail', { a: 1 }],
    ]);
  });

  it.each([
    '{"n":1.0,"big":12345678901234567890,"e":1E400}',
    '{ "spaces" :\n true , "twice":1,"twice":2 }',
    '{"escaped":"\\u00e9\\/\\ud83d\\ude00","raw":"é😀\u2028"}',
  ])('keeps the bytes of the detail: %s', async (detail) => {
    await put(entry({ Detail: detail }));
    expect(sent[0]?.body.endsWith(`,"detail":${detail}}`)).toBe(true);
    expect(() => JSON.parse(sent[0]?.body ?? '') as unknown).not.toThrow();
  });

  it('answers only when the queue has the event', async () => {
    let open = () => {};
    gate = new Promise((resolve) => {
      open = resolve;
    });
    let isAnswered = false;
    const answer = put(entry()).then(() => {
      isAnswered = true;
    });
    // A second request over the same server comes and goes meanwhile.
    await client.send(new DescribeRuleCommand({ Name: 'ToQueue', EventBusName: 'hooks' }));
    expect(isAnswered).toBe(false);
    open();
    await answer;
    expect(sent).toHaveLength(1);
  });

  it('refuses entries one by one, in their order', async () => {
    const answer = await put(
      entry({ Detail: '{"a":' }),
      entry({ Detail: '[1]' }),
      entry({ Detail: '"text"' }),
      entry({ Detail: undefined }),
      entry({ Source: '' }),
      entry({ DetailType: 'x'.repeat(129) }),
      entry({ Source: 'aws.s3' }),
      entry({ EventBusName: 'none' }),
      entry(),
    );
    expect(answer.FailedEntryCount).toBe(8);
    expect(answer.Entries?.map((result) => result.ErrorCode)).toEqual([
      'MalformedDetail',
      'MalformedDetail',
      'MalformedDetail',
      'InvalidArgument',
      'InvalidArgument',
      'InvalidArgument',
      'NotAuthorizedForSourceException',
      'InvalidArgument',
      undefined,
    ]);
    expect(sent).toHaveLength(1);
  });

  it('reports an entry whose queue fails, and only that one', async () => {
    await bench.close();
    const failing = createBusService({
      rules: [RULE],
      busNames: ['hooks'],
      canService: () => true,
      deliver: (_, body) => (body.includes('"bad"') ? Promise.reject(new Error('disk full')) : Promise.resolve()),
    });
    bench = await startServiceBench([failing], authorizer);
    client = new EventBridgeClient(bench.client('events'));
    const answer = await put(entry(), entry({ Detail: '{"a":"bad"}' }));
    expect(answer.FailedEntryCount).toBe(1);
    expect(answer.Entries?.[1]).toMatchObject({ ErrorCode: 'InternalFailure', ErrorMessage: 'disk full' });
    expect(answer.Entries?.[0]?.EventId).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('takes ten entries and 256 KB, not more', async () => {
    const ten = Array.from({ length: 10 }, () => entry());
    expect((await put(...ten)).Entries).toHaveLength(10);
    await expect(put(...ten, entry())).rejects.toMatchObject({ name: 'ValidationException' });
    await expect(put()).rejects.toMatchObject({ name: 'ValidationException' });
    const detailOf = (bytes: number) => `{"a":"${'é'.repeat((bytes - 8) / 2)}"}`;
    const overhead = 'shop'.length + 'order.created'.length;
    const half = 131_072 - overhead - 1;
    expect((await put(entry({ Detail: detailOf(half) }), entry({ Detail: detailOf(half) }))).FailedEntryCount).toBe(0);
    await expect(put(entry({ Detail: detailOf(half) }), entry({ Detail: detailOf(half + 4) }))).rejects.toMatchObject({
      name: 'ValidationException',
      message: expect.stringContaining('over the limit'),
    });
  });

  it('sends what rules match, to every target, and nothing else', async () => {
    await bench.close();
    await start([RULE, { ...RULE, Name: 'Another', Targets: [{ Id: 'o', Arn: OTHER_QUEUE }] }]);
    await put(entry({ Source: 'quiet' }), entry({ EventBusName: 'default' }));
    expect(sent).toHaveLength(0);
    await put(entry());
    expect(sent.map((message) => message.queueArn).sort()).toEqual([QUEUE, OTHER_QUEUE]);
  });

  it('needs the leave of the queue', async () => {
    await bench.close();
    await start([{ ...RULE, Name: 'Unknown' }]);
    const answer = await put(entry());
    expect(answer.Entries?.[0]?.ErrorMessage).toContain('does not let events.amazonaws.com send');
    expect(sent).toHaveLength(0);
  });

  it('asks the role of the caller', async () => {
    const asFunction = new EventBridgeClient(bench.client('events', 'Fn'));
    await asFunction.send(new PutEventsCommand({ Entries: [entry()] }));
    const toDefault = asFunction.send(new PutEventsCommand({ Entries: [entry(), entry({ EventBusName: 'default' })] }));
    await expect(toDefault).rejects.toMatchObject({ name: 'AccessDeniedException' });
    expect(sent).toHaveLength(1);
  });

  it('describes, disables and enables a rule', async () => {
    const name = { Name: 'ToQueue', EventBusName: busArn('hooks') };
    expect(await client.send(new DescribeRuleCommand(name))).toMatchObject({
      Arn: 'arn:aws:events:us-east-1:000000000000:rule/hooks/ToQueue',
      State: 'ENABLED',
      EventPattern: '{"source":[{"anything-but":["quiet"]}]}',
    });
    await client.send(new DisableRuleCommand(name));
    expect(await client.send(new DescribeRuleCommand(name))).toMatchObject({ State: 'DISABLED' });
    await put(entry());
    expect(sent).toHaveLength(0);
    await client.send(new EnableRuleCommand(name));
    await put(entry());
    expect(sent).toHaveLength(1);
    const { Targets } = await client.send(new ListTargetsByRuleCommand({ Rule: 'ToQueue', EventBusName: 'hooks' }));
    expect(Targets).toEqual([{ Id: 'q', Arn: QUEUE, SqsParameters: { MessageGroupId: 'events' } }]);
    await expect(client.send(new DescribeRuleCommand({ Name: 'None' }))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    });
  });

  it('lists the rules of a bus', async () => {
    const list = (EventBusName: string) => client.send(new ListRulesCommand({ EventBusName }));
    const { Rules = [] } = await list('hooks');
    expect(Rules).toContainEqual(expect.objectContaining({ Name: 'ToQueue', State: 'ENABLED' }));
    expect((await list(busArn('hooks'))).Rules).toEqual(Rules);
    await expect(list('none')).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });

  it('knows an archive and says that it keeps nothing', async () => {
    expect(await client.send(new DescribeArchiveCommand({ ArchiveName: 'all' }))).toMatchObject({
      State: 'DISABLED',
      StateReason: ARCHIVE_REASON,
    });
  });

  it('tests a pattern', async () => {
    const test = (EventPattern: string) =>
      client.send(new TestEventPatternCommand({ EventPattern, Event: '{"source":"shop"}' }));
    expect((await test('{"source":["shop"]}')).Result).toBe(true);
    expect((await test('{"source":["other"]}')).Result).toBe(false);
    await expect(test('{"source":"shop"}')).rejects.toMatchObject({ name: 'InvalidEventPatternException' });
  });
});

describe('rules that cannot be honoured', () => {
  const create = (rule: RuleProperties) => () =>
    createBusService({ rules: [rule], busNames: ['hooks'], canService: () => true, deliver: async () => {} });
  it.each<[string, RuleProperties, RegExp]>([
    ['an invalid pattern', { ...RULE, EventPattern: { source: [] } }, /rule ToQueue: .*Empty arrays/],
    ['a target that is no queue', { ...RULE, Targets: [{ Id: 'f', Arn: 'arn:aws:lambda:x' }] }, /target f is no queue/],
    ['an input transformer', { ...RULE, Targets: [{ Id: 'q', Arn: QUEUE, InputTransformer: {} }] }, /InputTransformer/],
    ['an unknown bus', { ...RULE, EventBusName: 'none' }, /no bus named none/],
  ])('%s', (_, rule, message) => {
    expect(create(rule)).toThrow(message);
  });

  it('leaves a schedule to its clock', () => {
    expect(
      create({ Name: 'Sweep', ScheduleExpression: 'rate(1 minute)', Targets: [{ Id: 'f', Arn: 'arn:aws:lambda:x' }] }),
    ).not.toThrow();
  });
});
