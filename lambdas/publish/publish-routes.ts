import { bindRoutes, type Routes } from '../adapters/http-in/bind-routes.ts';
import { type PublishContext, publishEvent } from './publish-event.ts';

export function publishRoutes(context: PublishContext): Routes {
  return bindRoutes(context, { 'POST /v1/events': publishEvent });
}
