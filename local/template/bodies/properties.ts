/** Reads a resource's properties with a schema, and says which resource has a wrong one. */
import { z } from 'zod';
import type { ResourceRequest } from '../provision.ts';
import { TemplateError } from '../template.ts';

/**
 * @returns the properties that the schema names; others have no effect on this machine.
 * @throws TemplateError naming the resource and the property.
 */
export function readProperties<T>(request: ResourceRequest, schema: z.ZodType<T>): T {
  const parsed = schema.safeParse(request.properties);
  if (parsed.success) return parsed.data;
  throw new TemplateError(`${request.logicalId} (${request.type}): ${z.prettifyError(parsed.error)}`);
}

/** The name that CloudFormation would make up, without its random end: the same at every start. */
export function physicalName(request: ResourceRequest, longest: number): string {
  const name = `${request.stackName}-${request.logicalId}`;
  return name.length <= longest ? name : name.slice(0, longest);
}

/** CloudFormation writes numbers and booleans as text here and there, and takes either. */
export const wholeNumber = z.coerce.number().int();
export const truth = z.union([z.boolean(), z.enum(['true', 'false']).transform((text) => text === 'true')]);

// The permissions check documents themselves when they are compiled, and name their owner.
export const policyDocument = z.custom<import('../../permissions/policy-document.ts').PolicyDocument>(
  (value) => typeof value === 'object' && value !== null,
  { error: 'must be a policy document' },
);
