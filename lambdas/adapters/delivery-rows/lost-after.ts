/** A row whose carrier is a queue counts as lost this long past due. Source: design section 1. */
export const LOST_AFTER_MS = 15 * 60_000;
/** Its marker is a minute later, so that the sweep of that minute finds it lost. */
export const LOST_MARKER_AFTER_MS = LOST_AFTER_MS + 60_000;
