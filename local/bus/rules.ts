/** Rules of the buses: which events go to which queues. */
import { z } from 'zod';
import { LOCAL_ACCOUNT, LOCAL_REGION } from '../services/service.ts';
import { compilePattern, type EventMatcher } from './event-pattern.ts';

export const DEFAULT_BUS = 'default';

export interface RuleTarget {
  readonly id: string;
  readonly arn: string;
  /** SqsParameters.MessageGroupId: a constant, as in AWS. */
  readonly messageGroupId?: string;
  /** Told to who asks, and never used: see RetryPolicy below. */
  readonly deadLetterArn?: string;
}

export interface Rule {
  readonly name: string;
  readonly arn: string;
  readonly busName: string;
  readonly description: string;
  readonly state: 'ENABLED' | 'DISABLED';
  /** Absent on a rule that only has a schedule: somebody else's clock drives it. */
  readonly matches?: EventMatcher;
  readonly patternText?: string;
  readonly scheduleExpression?: string;
  readonly targets: readonly RuleTarget[];
}

const targetSchema = z.strictObject({
  Id: z.string(),
  Arn: z.string(),
  SqsParameters: z.strictObject({ MessageGroupId: z.string() }).optional(),
  // Nothing to retry here: PutEvents answers only when the queue has the message, or says that it has not.
  RetryPolicy: z.unknown().optional(),
  DeadLetterConfig: z.object({ Arn: z.string() }).optional(),
});

const ruleSchema = z.strictObject({
  Name: z.string(),
  Description: z.string().default(''),
  EventBusName: z.string().default(DEFAULT_BUS),
  EventPattern: z.record(z.string(), z.unknown()).optional(),
  ScheduleExpression: z.string().optional(),
  State: z.enum(['ENABLED', 'DISABLED']).default('ENABLED'),
  Tags: z.unknown().optional(),
  Targets: z.array(z.unknown()).default([]),
});

/** Properties of AWS::Events::Rule, resolved, with a name. Transformers and inputs are refused: nothing here reads them. */
export type RuleProperties = z.input<typeof ruleSchema>;

/**
 * @throws Error naming the rule: an invalid pattern, a property that is not known, or a pattern whose target is no queue.
 */
export function createRule(properties: RuleProperties): Rule {
  const parsed = ruleSchema.safeParse(properties);
  if (!parsed.success) throw new Error(`rule ${properties.Name}: ${z.prettifyError(parsed.error)}`);
  const { EventPattern: pattern, ...source } = parsed.data;
  try {
    return {
      name: source.Name,
      arn: ruleArn(source.EventBusName, source.Name),
      busName: busNameOf(source.EventBusName),
      description: source.Description,
      state: source.State,
      targets: pattern === undefined ? [] : source.Targets.map(readTarget),
      ...(pattern !== undefined && { matches: compilePattern(pattern), patternText: JSON.stringify(pattern) }),
      ...(source.ScheduleExpression !== undefined && { scheduleExpression: source.ScheduleExpression }),
    };
  } catch (error) {
    throw new Error(`rule ${source.Name}: ${(error as Error).message}`, { cause: error });
  }
}

/** A bus is named by its name or its ARN. */
export function busNameOf(nameOrArn: string): string {
  return nameOrArn.startsWith('arn:') ? nameOrArn.slice(nameOrArn.indexOf('/') + 1) : nameOrArn;
}

export function busArn(name: string): string {
  return `arn:aws:events:${LOCAL_REGION}:${LOCAL_ACCOUNT}:event-bus/${name}`;
}

export function archiveArn(name: string): string {
  return `arn:aws:events:${LOCAL_REGION}:${LOCAL_ACCOUNT}:archive/${name}`;
}

/** Rules of the default bus have no bus in their ARN. */
export function ruleArn(bus: string, name: string): string {
  const busName = busNameOf(bus);
  return `arn:aws:events:${LOCAL_REGION}:${LOCAL_ACCOUNT}:rule/${busName === DEFAULT_BUS ? name : `${busName}/${name}`}`;
}

function readTarget(source: unknown): RuleTarget {
  const parsed = targetSchema.safeParse(source);
  if (!parsed.success) throw new Error(z.prettifyError(parsed.error));
  const { Id: id, Arn: arn, SqsParameters: sqs, DeadLetterConfig: deadLetters } = parsed.data;
  if (!arn.startsWith('arn:aws:sqs:')) throw new Error(`target ${id} is no queue: ${arn}`);
  return {
    id,
    arn,
    ...(sqs !== undefined && { messageGroupId: sqs.MessageGroupId }),
    ...(deadLetters !== undefined && { deadLetterArn: deadLetters.Arn }),
  };
}
