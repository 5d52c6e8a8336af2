import { isDatabaseFault } from '../../lambdas/adapters/database/database-fault.ts';
import { httpStatusOf } from '../../lambdas/adapters/sdk/sdk-error.ts';
import { type ChecklistItem, type Finding, fail } from './item.ts';
import type { Site } from './site.ts';

export interface CheckedItem {
  readonly item: string;
  readonly title: string;
  readonly finding: Finding;
  readonly durationMs: number;
}

export interface RunProps {
  readonly items: readonly ChecklistItem[];
  readonly site: Site;
  /** Told of each item when it is done, in whatever order. */
  readonly onChecked?: ((checked: CheckedItem) => void) | undefined;
}

/** All at once; the answer is in the order of the items. A check that throws is an item that failed. */
export function runChecklist({ items, site, onChecked }: RunProps): Promise<readonly CheckedItem[]> {
  return Promise.all(
    items.map(async (item) => {
      const startedAt = performance.now();
      const finding = await item.check(site).catch((error: unknown) => unanswered(item, site, error));
      const durationMs = Math.round(performance.now() - startedAt);
      const checked = { item: item.name, title: item.title, finding, durationMs };
      onChecked?.(checked);
      return checked;
    }),
  );
}

function unanswered(item: ChecklistItem, site: Site, error: unknown): Finding {
  const cause = causeOf(error);
  const isAway = (httpStatusOf(cause) ?? 0) >= 500;
  const fix = item.fixWhenUnanswered(site);
  return fail(reasonOf(cause), isAway ? `the service itself is away, try again later; if it stays so: ${fix}` : fix);
}

/** The adapter's own fault names no cause in its message: it may quote a payload, but none is sent from here. */
function causeOf(error: unknown): unknown {
  return isDatabaseFault(error) ? (error.cause ?? error) : error;
}

function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  return cause.name === 'Error' || 'code' in cause ? cause.message : `${cause.name}: ${cause.message}`;
}
