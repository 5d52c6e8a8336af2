import { apiAuthorizer } from './api-authorizer.ts';
import { apiHealth } from './api-health.ts';
import { apiReady } from './api-ready.ts';
import { backlog } from './backlog.ts';
import { busRule } from './bus-rule.ts';
import { controlBucket } from './control-bucket.ts';
import { deadLetterQueues } from './dead-letter-queues.ts';
import { envelopeKey } from './envelope-key.ts';
import { envelopeKeyUse } from './envelope-key-use.ts';
import { eventSourceMappings } from './event-source-mappings.ts';
import { issuer } from './issuer.ts';
import { issuerKeys } from './issuer-keys.ts';
import type { ChecklistItem } from './item.ts';
import { lambdaConcurrency } from './lambda-concurrency.ts';
import { schema } from './schema.ts';
import { serviceLogin } from './service-login.ts';
import { sweeper } from './sweeper.ts';
import { token } from './token.ts';
import { tokenScopes } from './token-scopes.ts';

/** Every item, in the order in which they are told: causes before what they cause. A new one is a file and a line. */
export const CHECKLIST: readonly ChecklistItem[] = [
  apiHealth,
  serviceLogin,
  schema,
  controlBucket,
  envelopeKey,
  envelopeKeyUse,
  busRule,
  eventSourceMappings,
  lambdaConcurrency,
  deadLetterQueues,
  backlog,
  sweeper,
  apiReady,
  issuer,
  issuerKeys,
  token,
  tokenScopes,
  apiAuthorizer,
];
