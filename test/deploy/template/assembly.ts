/** Transforms the template of a synthesized cloud assembly, in place. */
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { transformTemplate } from './transform.ts';

const assetsSchema = z.object({
  files: z.record(z.string(), z.looseObject({ source: z.looseObject({ path: z.string() }) })),
});

/**
 * The template is itself an asset, published once under its hash: with the old hash, the upload of an earlier deploy
 * would be deployed silently.
 * @returns what was changed, a line each.
 * @throws UntriedTypeError
 */
export async function transformAssembly(folder: string, stackName: string): Promise<readonly string[]> {
  const templateName = `${stackName}.template.json`;
  const templateFile = join(folder, templateName);
  const { template, changes } = transformTemplate(JSON.parse(await readFile(templateFile, 'utf8')));
  const text = JSON.stringify(template, null, 1);
  await writeFile(templateFile, text);
  const hash = createHash('sha256').update(text).digest('hex');
  const assetsFile = join(folder, `${stackName}.assets.json`);
  const { files } = assetsSchema.parse(JSON.parse(await readFile(assetsFile, 'utf8')));
  const old = Object.entries(files).find(([, { source }]) => source.path === templateName)?.[0];
  if (old === undefined) throw new Error(`${assetsFile} does not name ${templateName}`);
  for (const file of [assetsFile, join(folder, 'manifest.json')]) {
    await writeFile(file, (await readFile(file, 'utf8')).replaceAll(old, hash));
  }
  return changes;
}
