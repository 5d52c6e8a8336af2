import { ACCESS_CHECKS } from './access.ts';
import type { Check } from './check.ts';
import { DATA_CHECKS } from './data-at-rest.ts';
import { FUNCTION_CHECKS } from './functions.ts';
import { API_CHECKS } from './http-api.ts';
import { INGRESS_CHECKS } from './ingress.ts';
import { MAPPING_CHECKS } from './mappings.ts';
import { OUTPUT_CHECKS } from './outputs.ts';
import { QUEUE_CHECKS } from './queues.ts';
import { QUOTA_CHECKS } from './quotas.ts';
import { REFERENCE_CHECKS } from './references.ts';
import { SCHEMA_OF_RESOURCE_CHECKS } from './resource-schemas.ts';
import { ROLE_CHECKS } from './roles.ts';
import { SCHEDULE_CHECKS } from './schedules.ts';
import { SCHEMA_CHECKS } from './schema-order.ts';
import { VARIABLE_CHECKS } from './variables.ts';

/** What holds for the template whatever its context. */
export const ALL_CHECKS: readonly Check[] = [
  ...FUNCTION_CHECKS,
  ...VARIABLE_CHECKS,
  ...ROLE_CHECKS,
  ...ACCESS_CHECKS,
  ...QUEUE_CHECKS,
  ...MAPPING_CHECKS,
  ...INGRESS_CHECKS,
  ...SCHEMA_CHECKS,
  ...DATA_CHECKS,
  ...API_CHECKS,
  ...SCHEDULE_CHECKS,
  ...OUTPUT_CHECKS,
  ...REFERENCE_CHECKS,
  ...SCHEMA_OF_RESOURCE_CHECKS,
  ...QUOTA_CHECKS,
];
