import { z } from 'zod';
import type { ResourceBody } from '../provision.ts';
import type { StackModel } from '../stack-model.ts';
import { readProperties } from './properties.ts';

const schema = z.object({ ServiceToken: z.string() }).loose();

/**
 * Only noted here: it runs when everything it may use is there. Nothing may therefore ask for its attributes; a
 * template that does is stopped at the Fn::GetAtt, by name.
 */
export function customResourceBodies(model: StackModel): Record<string, ResourceBody> {
  return {
    'AWS::CloudFormation::CustomResource': (request) => {
      const { ServiceToken, ServiceTimeout: _, ...properties } = readProperties(request, schema);
      model.customResources.push({
        logicalId: request.logicalId,
        type: request.type,
        serviceToken: ServiceToken,
        properties,
      });
      return { ref: request.logicalId };
    },
  };
}
