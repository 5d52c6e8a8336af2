import { z } from 'zod';

export const templateSchema = z.looseObject({
  Resources: z.record(
    z.string(),
    z.looseObject({ Type: z.string(), Properties: z.record(z.string(), z.unknown()).optional() }),
  ),
});

/** Of a template, by logical id. */
export type Resources = z.output<typeof templateSchema>['Resources'];
