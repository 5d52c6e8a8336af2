/** The shape of a CloudFormation template, as far as the engine reads it. */
import { z } from 'zod';

const resourceSchema = z.object({
  Type: z.string(),
  Properties: z.record(z.string(), z.unknown()).default({}),
  Metadata: z.record(z.string(), z.unknown()).default({}),
  DependsOn: z.union([z.string(), z.array(z.string())]).default([]),
  Condition: z.string().optional(),
});

const parameterSchema = z.object({ Type: z.string(), Default: z.unknown().optional() });

const templateSchema = z.object({
  Parameters: z.record(z.string(), parameterSchema).default({}),
  Mappings: z.record(z.string(), z.record(z.string(), z.record(z.string(), z.unknown()))).default({}),
  Conditions: z.record(z.string(), z.unknown()).default({}),
  Resources: z.record(z.string(), resourceSchema),
  Outputs: z.record(z.string(), z.object({ Value: z.unknown(), Condition: z.string().optional() })).default({}),
});

export type TemplateResource = z.output<typeof resourceSchema>;
export type Template = z.output<typeof templateSchema>;

/** The template asks for something that has no meaning on this machine, or is broken. */
export class TemplateError extends Error {
  readonly code = 'TEMPLATE_NOT_UNDERSTOOD';
  constructor(message: string) {
    super(message);
    this.name = 'TemplateError';
  }
}

/**
 * @param json a template as CDK writes it.
 * @throws TemplateError naming the path of what is not a template.
 */
export function parseTemplate(json: unknown): Template {
  const parsed = templateSchema.safeParse(json);
  if (!parsed.success) throw new TemplateError(`not a CloudFormation template: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}
