/** EventBridge: buses with rules that put matching events on queues. Source: EventBridge API Reference. */
import { z } from 'zod';
import { createJsonService, operation } from '../services/json-operations.ts';
import { type LocalService, ServiceError, type ServiceRequest } from '../services/service.ts';
import { type Entry, entryBytes, entrySchema, readEntry } from './envelope.ts';
import { compilePattern } from './event-pattern.ts';
import {
  archiveArn,
  busArn,
  busNameOf,
  createRule,
  DEFAULT_BUS,
  type Rule,
  type RuleProperties,
  type RuleTarget,
} from './rules.ts';

/**
 * Puts one message on a queue; resolves when the queue has it durably. Calls may overlap, so that whoever stands
 * behind it can commit many at once.
 */
export type Deliver = (queueArn: string, body: string, messageGroupId?: string) => Promise<void>;

export interface ArchiveProperties {
  readonly name: string;
  readonly sourceArn: string;
}

export interface BusServiceProps {
  readonly rules: readonly RuleProperties[];
  /** Buses besides `default`. */
  readonly busNames: readonly string[];
  /** Known by name, but never filled: see ARCHIVE_REASON. */
  readonly archives?: readonly ArchiveProperties[];
  readonly deliver: Deliver;
  /** Does the queue's policy let EventBridge send on behalf of the rule? */
  canService(servicePrincipal: string, action: string, resourceArn: string, sourceArn: string): boolean;
}

export const ARCHIVE_REASON =
  'Not kept locally: accepted events are on a durable queue and then in the database, and a second copy would double the disk writes.';

const MOST_ENTRIES = 10;
// AWS documents 256 KB in total for a PutEvents call; newer quotas are larger, and this stack does not rely on them.
const MOST_BYTES = 262_144;

const putEventsInput = z.object({ Entries: z.array(entrySchema) });
const ruleInput = z.object({ Name: z.string(), EventBusName: z.string().default(DEFAULT_BUS) });

const listRulesInput = z.object({
  EventBusName: z.string().default(DEFAULT_BUS),
  NamePrefix: z.string().default(''),
});

type EntryResult = { readonly EventId: string } | { readonly ErrorCode: string; readonly ErrorMessage: string };

/** @throws Error at once when a rule cannot be honoured as written. */
export function createBusService(props: BusServiceProps): LocalService {
  const buses = new Map<string, Rule[]>([DEFAULT_BUS, ...props.busNames].map((name) => [name, []]));
  for (const properties of props.rules) {
    const rule = createRule(properties);
    const rules = buses.get(rule.busName);
    if (rules === undefined) throw new Error(`rule ${rule.name}: no bus named ${rule.busName}`);
    rules.push(rule);
  }

  const findRule = (action: string, input: z.output<typeof ruleInput>, request: ServiceRequest) => {
    const rules = buses.get(busNameOf(input.EventBusName)) ?? [];
    const index = rules.findIndex((candidate) => candidate.name === input.Name);
    const rule = rules[index];
    if (rule === undefined) throw notFound(`Rule ${input.Name}`);
    request.authorize(action, rule.arn);
    return { rule, setState: (state: Rule['state']) => void rules.splice(index, 1, { ...rule, state }) };
  };
  const putEntry = (entry: Entry): Promise<EntryResult> =>
    putEvent(entry, buses.get(busNameOf(entry.EventBusName ?? DEFAULT_BUS)), props);

  return createJsonService({
    name: 'events',
    target: 'AWSEvents',
    operations: {
      PutEvents: operation(putEventsInput, async ({ Entries: entries }, request) => {
        checkCall(entries);
        for (const name of new Set(entries.map((entry) => busNameOf(entry.EventBusName ?? DEFAULT_BUS)))) {
          request.authorize('events:PutEvents', busArn(name));
        }
        const results = await Promise.all(entries.map(putEntry));
        return { FailedEntryCount: results.filter((result) => 'ErrorCode' in result).length, Entries: results };
      }),
      ListRules: operation(listRulesInput, ({ EventBusName, NamePrefix }, request) => {
        const rules = buses.get(busNameOf(EventBusName));
        if (rules === undefined) throw notFound(`Event bus ${EventBusName}`);
        request.authorize('events:ListRules', busArn(busNameOf(EventBusName)));
        return { Rules: rules.filter(({ name }) => name.startsWith(NamePrefix)).map(describe) };
      }),
      DescribeRule: operation(ruleInput, (input, request) =>
        describe(findRule('events:DescribeRule', input, request).rule),
      ),
      EnableRule: operation(ruleInput, (input, request) =>
        findRule('events:EnableRule', input, request).setState('ENABLED'),
      ),
      DisableRule: operation(ruleInput, (input, request) =>
        findRule('events:DisableRule', input, request).setState('DISABLED'),
      ),
      ListTargetsByRule: operation(
        z.object({ Rule: z.string(), EventBusName: z.string().default(DEFAULT_BUS) }),
        (input, request) => {
          const { rule } = findRule('events:ListTargetsByRule', { ...input, Name: input.Rule }, request);
          return { Targets: rule.targets.map(writeTarget) };
        },
      ),
      TestEventPattern: operation(z.object({ EventPattern: z.string(), Event: z.string() }), (input, request) => {
        request.authorize('events:TestEventPattern', '*');
        return { Result: compilePattern(input.EventPattern)(parseEvent(input.Event)) };
      }),
      DescribeArchive: operation(z.object({ ArchiveName: z.string() }), (input, request) => {
        const archive = (props.archives ?? []).find((candidate) => candidate.name === input.ArchiveName);
        if (archive === undefined) throw notFound(`Archive ${input.ArchiveName}`);
        request.authorize('events:DescribeArchive', archiveArn(archive.name));
        return {
          ArchiveName: archive.name,
          EventSourceArn: archive.sourceArn,
          State: 'DISABLED',
          StateReason: ARCHIVE_REASON,
        };
      }),
    },
  });
}

function checkCall(entries: readonly Entry[]): void {
  if (entries.length < 1 || entries.length > MOST_ENTRIES) {
    throw new ServiceError(
      'ValidationException',
      `1 validation error detected: 'entries' failed to satisfy constraint: Member must have length between 1 and ${MOST_ENTRIES}`,
    );
  }
  if (entries.reduce((sum, entry) => sum + entryBytes(entry), 0) > MOST_BYTES) {
    throw new ServiceError('ValidationException', 'Total size of the entries in the request is over the limit.');
  }
}

/** Answers when every queue that a rule names has the event. */
async function putEvent(
  entry: Entry,
  rules: readonly Rule[] | undefined,
  props: BusServiceProps,
): Promise<EntryResult> {
  const read = readEntry(entry);
  if (read.kind === 'refused') return { ErrorCode: read.code, ErrorMessage: read.message };
  if (rules === undefined) return { ErrorCode: 'InvalidArgument', ErrorMessage: `no event bus ${entry.EventBusName}` };
  const matched = rules.filter((rule) => rule.state === 'ENABLED' && rule.matches?.(read.event) === true);
  try {
    await Promise.all(matched.flatMap((rule) => rule.targets.map((target) => send(rule, target, read.body, props))));
    return { EventId: read.id };
  } catch (error) {
    // AWS would keep trying for a day; here the producer is told, and still has the event.
    return { ErrorCode: 'InternalFailure', ErrorMessage: (error as Error).message };
  }
}

async function send(rule: Rule, target: RuleTarget, body: string, props: BusServiceProps): Promise<void> {
  if (!props.canService('events.amazonaws.com', 'sqs:SendMessage', target.arn, rule.arn)) {
    throw new Error(`the policy of ${target.arn} does not let events.amazonaws.com send for ${rule.arn}`);
  }
  await props.deliver(target.arn, body, target.messageGroupId);
}

function parseEvent(text: string): Record<string, unknown> {
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(text));
  } catch (error) {
    throw new ServiceError('ValidationException', `Event is not valid: ${(error as Error).message}`);
  }
}

function describe(rule: Rule): Readonly<Record<string, unknown>> {
  return {
    Name: rule.name,
    Arn: rule.arn,
    EventBusName: rule.busName,
    State: rule.state,
    Description: rule.description,
    ...(rule.patternText !== undefined && { EventPattern: rule.patternText }),
    ...(rule.scheduleExpression !== undefined && { ScheduleExpression: rule.scheduleExpression }),
  };
}

function writeTarget(target: RuleTarget): Readonly<Record<string, unknown>> {
  return {
    Id: target.id,
    Arn: target.arn,
    ...(target.messageGroupId !== undefined && { SqsParameters: { MessageGroupId: target.messageGroupId } }),
    ...(target.deadLetterArn !== undefined && { DeadLetterConfig: { Arn: target.deadLetterArn } }),
  };
}

function notFound(what: string): ServiceError {
  return new ServiceError('ResourceNotFoundException', `${what} does not exist.`);
}
