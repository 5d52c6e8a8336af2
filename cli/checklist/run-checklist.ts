import { isDatabaseFault } from '../../lambdas/adapters/database/database-fault.ts';
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
  return fail(reasonOf(error), item.fixWhenUnanswered(site));
}

/** The adapter's own fault names no cause in its message: it may quote a payload, but none is sent from here. */
function reasonOf(error: unknown): string {
  const cause = isDatabaseFault(error) ? (error.cause ?? error) : error;
  if (!(cause instanceof Error)) return String(cause);
  return cause.name === 'Error' || 'code' in cause ? cause.message : `${cause.name}: ${cause.message}`;
}
