import { bindRoutes, type Routes } from '../adapters/http-in/bind-routes.ts';
import type { DeliveriesContext } from './deliveries-context.ts';
import { listAllDeliveries, listDeadLetters, listDeliveries } from './list-deliveries.ts';
import { readAnyDelivery, readDelivery } from './read-delivery.ts';
import { retryDelivery } from './retry-delivery.ts';

export function deliveryRoutes(context: DeliveriesContext): Routes {
  return bindRoutes(context, {
    'GET /v1/deliveries': listDeliveries,
    'GET /v1/deliveries/{id}': readDelivery,
    'POST /v1/deliveries/{id}/retry': retryDelivery,
    'GET /admin/webhooks/deliveries': listAllDeliveries,
    'GET /admin/webhooks/deliveries/{id}': readAnyDelivery,
    'GET /admin/dead-letters': listDeadLetters,
  });
}
