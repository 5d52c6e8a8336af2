/** What `npm start` prints when it is ready. */
export interface WelcomeProps {
  readonly url: string;
  readonly consoleUrl: string | null;
  readonly inboxUrl: string;
  readonly dataFolder: string;
  readonly startedInMs: number;
}

/** Each command stands for itself: they may be pasted in any shell, one by one. */
export function welcome({ url, consoleUrl, inboxUrl, dataFolder, startedInMs }: WelcomeProps): string {
  const token = `$(curl -s ${url}/_local/token -d '{"accountId":"acme","scope":"events:write"}' | cut -d'"' -f4)`;
  const call = (path: string, body?: object): string => {
    const data = body === undefined ? '' : ` -H 'content-type: application/json' -d '${JSON.stringify(body)}'`;
    return `curl -s ${url}${path} -H "authorization: Bearer ${token}"${data}`;
  };
  return [
    '',
    `Tidegate is ready at ${url} (${(startedInMs / 1_000).toFixed(1)} s, data in ${dataFolder})`,
    ...(consoleUrl === null ? [] : [`Console: ${consoleUrl}`]),
    '',
    'A webhook, to a receiver that runs here for you to try:',
    `  ${call('/v1/webhooks', { url: inboxUrl })}`,
    'An event:',
    `  ${call('/v1/events', { type: 'order.created', data: { orderId: 1 } })}`,
    'Its delivery (what the receiver got is printed here, and shown under /_local/inbox):',
    `  ${call('/v1/deliveries')}`,
    '',
  ].join('\n');
}
