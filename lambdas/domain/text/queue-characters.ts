/** U+FFFE and U+FFFF: valid in UTF-8 and JSON, and refused by SQS. Source: SQS API Reference, SendMessage. */
const REFUSED_BY_QUEUES = /[\ufffe\uffff]/;

/** Whether a text has characters that no queue takes as they are. */
export function hasQueueForbiddenCharacters(text: string): boolean {
  return REFUSED_BY_QUEUES.test(text);
}

/** The same JSON with those characters escaped, so that a queue takes it; they stand inside strings alone. */
export function queueSafeJson(json: string): string {
  if (!hasQueueForbiddenCharacters(json)) return json;
  return json.replaceAll('\ufffe', '\\ufffe').replaceAll('\uffff', '\\uffff');
}
