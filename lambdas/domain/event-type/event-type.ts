/** Characters of a type or of a filter. Source: design section 10. */
export const EVENT_TYPE_MAX_CHARS = 128;

/** Dot-separated words of letters, digits, `_` and `-`. */
export const EVENT_TYPE_PATTERN = /^[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*$/;
/** `*`, a type, or a type followed by `.*`. */
export const EVENT_FILTER_PATTERN = /^(?:\*|[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*(?:\.\*)?)$/;

/** Types that Tidegate alone raises. Source: design section 10. */
export const RESERVED_EVENT_TYPES = [
  'webhook.test',
  'webhook.disabled',
  'webhook.recovered',
  'delivery.dead_lettered',
  'addon.invoked',
] as const;
export type ReservedEventType = (typeof RESERVED_EVENT_TYPES)[number];

export function isEventType(text: string): boolean {
  return text.length <= EVENT_TYPE_MAX_CHARS && EVENT_TYPE_PATTERN.test(text);
}

export function isEventFilter(text: string): boolean {
  return text.length <= EVENT_TYPE_MAX_CHARS && EVENT_FILTER_PATTERN.test(text);
}

export function isReservedEventType(type: string): type is ReservedEventType {
  return (RESERVED_EVENT_TYPES as readonly string[]).includes(type);
}

/**
 * Whether a webhook with these filters gets an event of this type. `order.*` matches `order.a` and `order.a.b`, not
 * `order`, not `orders.a`. `*` does not match reserved types: they need a filter that names them or their family.
 * Source: design sections 1 and 10.
 */
export function matchesFilters(filters: readonly string[], type: string): boolean {
  return filters.some((filter) => matchesFilter(filter, type));
}

function matchesFilter(filter: string, type: string): boolean {
  if (filter === '*') return !isReservedEventType(type);
  if (filter.endsWith('.*')) return type.startsWith(filter.slice(0, -1));
  return filter === type;
}
