/** Reads a cloud assembly: its one stack's template, and where the code of each function lies. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { parseTemplate, type Template, TemplateError } from './template.ts';

const manifestSchema = z.object({
  artifacts: z.record(
    z.string(),
    z.object({
      type: z.string(),
      properties: z.object({ templateFile: z.string().optional(), stackName: z.string().optional() }).optional(),
    }),
  ),
});

const assetsSchema = z.object({
  files: z.record(
    z.string(),
    z.object({
      source: z.object({ path: z.string(), packaging: z.string().optional() }),
      destinations: z.record(z.string(), z.object({ objectKey: z.string() })),
    }),
  ),
});

export interface Assembly {
  readonly stackName: string;
  readonly template: Template;
  /** Folder or file of an asset by its S3 object key. */
  readonly assets: ReadonlyMap<string, string>;
}

/** @throws TemplateError when the assembly holds no stack, or more than one. */
export function readAssembly(directory: string): Assembly {
  const { artifacts } = manifestSchema.parse(readJson(directory, 'manifest.json'));
  const stacks = Object.entries(artifacts).filter(([, { type }]) => type === 'aws:cloudformation:stack');
  const [stack] = stacks;
  if (stack === undefined || stacks.length > 1) {
    throw new TemplateError(`the local engine runs one stack, the app has ${stacks.length}`);
  }
  const [artifactId, { properties }] = stack;
  const templateFile = properties?.templateFile ?? `${artifactId}.template.json`;
  return {
    stackName: properties?.stackName ?? artifactId,
    template: parseTemplate(readJson(directory, templateFile)),
    assets: readAssets(directory, `${artifactId}.assets.json`),
  };
}

function readAssets(directory: string, file: string): Map<string, string> {
  const { files } = assetsSchema.parse(readJson(directory, file));
  return new Map(
    Object.values(files).flatMap(({ source, destinations }) =>
      Object.values(destinations).map(({ objectKey }) => [objectKey, join(directory, source.path)] as const),
    ),
  );
}

function readJson(directory: string, file: string): unknown {
  return JSON.parse(readFileSync(join(directory, file), 'utf8'));
}
