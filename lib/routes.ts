/** Logical ids of the functions behind the HTTP API. */
export type ApiFunctionName = 'Publish' | 'Webhooks' | 'Deliveries' | 'Health';

export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly target: ApiFunctionName;
  /**
   * Answers without a token.
   * @default false
   */
  readonly isPublic?: boolean;
}

/** Every route of the HTTP API (design section 3). */
export const ROUTES: readonly Route[] = [
  { method: 'POST', path: '/v1/events', target: 'Publish' },
  { method: 'POST', path: '/v1/webhooks', target: 'Webhooks' },
  { method: 'GET', path: '/v1/webhooks', target: 'Webhooks' },
  { method: 'GET', path: '/v1/webhooks/{id}', target: 'Webhooks' },
  { method: 'PUT', path: '/v1/webhooks/{id}', target: 'Webhooks' },
  { method: 'DELETE', path: '/v1/webhooks/{id}', target: 'Webhooks' },
  { method: 'GET', path: '/v1/deliveries', target: 'Deliveries' },
  { method: 'GET', path: '/v1/deliveries/{id}', target: 'Deliveries' },
  { method: 'POST', path: '/v1/deliveries/{id}/retry', target: 'Deliveries' },
  { method: 'GET', path: '/admin/webhooks/deliveries', target: 'Deliveries' },
  { method: 'GET', path: '/admin/webhooks/deliveries/{id}', target: 'Deliveries' },
  { method: 'GET', path: '/admin/dead-letters', target: 'Deliveries' },
  { method: 'GET', path: '/health', target: 'Health', isPublic: true },
  { method: 'GET', path: '/ready', target: 'Health', isPublic: true },
];
