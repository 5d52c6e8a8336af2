import examples from '@octokit/webhooks-examples' with { type: 'json' };

/** One event to publish: GitHub's own payload under a type of ours (`github.push`, `github.issues`). */
export interface CorpusEvent {
  readonly eventId: string;
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
}

interface Corpus {
  readonly name: string;
  readonly examples: ReadonlyArray<Readonly<Record<string, unknown>>>;
}

/** The package's typings describe a CommonJS export, which a JSON import is not. */
const corpus = examples as unknown as readonly Corpus[];

/**
 * Real payloads that GitHub sent, one event each, in the package's order.
 * @param limit at most so many; all when absent.
 */
export function githubEvents(limit = Number.POSITIVE_INFINITY): CorpusEvent[] {
  const events = corpus.flatMap(({ name, examples: payloads }) =>
    payloads.map((data, index) => ({ eventId: `${name}-${index}`, type: `github.${name}`, data })),
  );
  return events.slice(0, limit);
}
