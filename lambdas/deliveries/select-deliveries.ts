import type { Statement, StatementParameters } from '../adapters/database/database.ts';
import type { DeliveryStatus } from '../domain/delivery-status/delivery-status.ts';
import { uuidCeiling, uuidFloor } from '../domain/ids/uuid.ts';
import { DELIVERY_JSON, type DeliveryRow, deliveryRowSchema } from './delivery-row.ts';

export interface DeliveryFilter {
  /** Absent: across accounts. */
  readonly accountId?: string | undefined;
  readonly webhookId?: string | undefined;
  readonly eventType?: string | undefined;
  readonly statuses?: readonly DeliveryStatus[] | undefined;
  /** ISO 8601, inclusive, of acceptance. */
  readonly since?: string | undefined;
  /** ISO 8601, inclusive, of acceptance. */
  readonly until?: string | undefined;
  /** Delivery id that the page comes after. */
  readonly after?: string | undefined;
}

interface Query {
  readonly statement: Statement<DeliveryRow>;
  readonly parameters: StatementParameters;
}

/** The years that 48 bits of milliseconds hold. */
const LARGEST_TIME_MS = 2 ** 48 - 1;

/**
 * A page of deliveries, newest first. Only the conditions that were asked for stand in the text: `(:x IS NULL OR …)`
 * would hide them from the planner. Times become bounds of the id, which starts with its acceptance: they prune
 * partitions.
 */
export function deliveriesQuery(filter: DeliveryFilter, limit: number): Query {
  const conditions = conditionsOf(filter);
  const where = conditions.map(({ sql }) => sql).join(' AND ') || 'true';
  return {
    statement: {
      isRepeatable: true,
      row: deliveryRowSchema,
      // The page is cut before the join: events are looked up for its rows alone.
      sql: `
        WITH d AS (SELECT * FROM hook.deliveries WHERE ${where} ORDER BY delivery_id DESC LIMIT :limit)
        SELECT ${DELIVERY_JSON}
          FROM d LEFT JOIN hook.events e ON e.event_uuid = d.event_uuid
         ORDER BY d.delivery_id DESC`,
    },
    parameters: { limit, ...Object.fromEntries(conditions.flatMap(({ parameters }) => parameters)) },
  };
}

interface Condition {
  readonly sql: string;
  readonly parameters: readonly (readonly [string, string])[];
}

function conditionsOf(filter: DeliveryFilter): Condition[] {
  const { accountId, webhookId, eventType, statuses, since, until, after } = filter;
  return [
    one('account_id = :account', 'account', accountId),
    one('webhook_id = :webhook::uuid', 'webhook', webhookId),
    one('event_type = :type', 'type', eventType),
    one('delivery_id >= :since::uuid', 'since', since === undefined ? undefined : uuidFloor(inRange(since))),
    one('delivery_id <= :until::uuid', 'until', until === undefined ? undefined : uuidCeiling(inRange(until))),
    one('delivery_id < :after::uuid', 'after', after),
    ...(statuses === undefined ? [] : [statusCondition(statuses)]),
  ].filter((condition) => condition !== undefined);
}

function one(sql: string, name: string, value: string | undefined): Condition | undefined {
  return value === undefined ? undefined : { sql, parameters: [[name, value]] };
}

/** Statuses are words of ours, not the caller's text: as literals they let the planner use the partial indexes. */
function statusCondition(statuses: readonly DeliveryStatus[]): Condition {
  return { sql: `status IN (${statuses.map((status) => `'${status}'`).join(', ')})`, parameters: [] };
}

function inRange(isoTime: string): number {
  return Math.min(LARGEST_TIME_MS, Math.max(0, Date.parse(isoTime)));
}

/** One delivery; of the given account alone when there is one. */
export function deliveryQuery(id: string, accountId: string | undefined): Query {
  const isOwn = accountId === undefined ? '' : 'AND d.account_id = :account';
  return {
    statement: {
      isRepeatable: true,
      row: deliveryRowSchema,
      sql: `
        SELECT ${DELIVERY_JSON}
          FROM hook.deliveries d LEFT JOIN hook.events e ON e.event_uuid = d.event_uuid
         WHERE d.delivery_id = :id::uuid ${isOwn}`,
    },
    parameters: { id, ...(accountId === undefined ? {} : { account: accountId }) },
  };
}
