import type { Site } from './site.ts';

/** What one item of the checklist came to. `found` says what is there, `fix` what to do about it. */
export type Finding =
  | { readonly result: 'pass'; readonly found: string }
  | { readonly result: 'fail'; readonly found: string; readonly fix: string }
  | { readonly result: 'not-applicable'; readonly found: string };

/** One item of the deployment checklist: a file of its own, listed in `registry.ts`. */
export interface ChecklistItem {
  /** kebab-case; named in docs/deploy.md, where its failures are explained. */
  readonly name: string;
  /** What holds when it passes. */
  readonly title: string;
  /**
   * Looks, from outside, and leaves nothing behind.
   * @throws whatever a call throws: that is a failure too, told with `fixWhenUnanswered`.
   */
  check(site: Site): Promise<Finding>;
  /** What to do when the check could not ask at all. */
  fixWhenUnanswered(site: Site): string;
}

export function pass(found: string): Finding {
  return { result: 'pass', found };
}

export function fail(found: string, fix: string): Finding {
  return { result: 'fail', found, fix };
}

export function notApplicable(found: string): Finding {
  return { result: 'not-applicable', found };
}
