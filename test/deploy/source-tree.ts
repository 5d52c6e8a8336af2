/** Copies of the checkout to change and deploy: the checkout itself is never touched. */
import { cp, readdir, readFile, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What synth needs none of. */
const LEFT_OUT: ReadonlySet<string> = new Set([
  '.cache',
  '.ci',
  '.git',
  '.tidegate',
  'bench',
  'cdk.out',
  'coverage',
  'dist',
  'docs',
  'examples',
  'node_modules',
  'test',
]);

export class SourceTree {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** @param root a checkout, or a tree made before. @param folder that does not exist yet. */
  static async copy(root: string, folder: string): Promise<SourceTree> {
    const names = (await readdir(root)).filter((name) => !LEFT_OUT.has(name) && !name.endsWith('.log'));
    await Promise.all(names.map((name) => cp(join(root, name), join(folder, name), { recursive: true })));
    await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
    return new SourceTree(folder);
  }

  /** The newest version there is a migration for. */
  async head(): Promise<number> {
    const versions = (await readdir(join(this.folder, 'migrations'))).flatMap(
      (name) => /^V(\d+)__/.exec(name)?.[1] ?? [],
    );
    return Math.max(...versions.map(Number));
  }

  /** @param name `V12__do_this.sql` */
  async addMigration(name: string, sql: string): Promise<void> {
    await writeFile(join(this.folder, 'migrations', name), sql);
  }

  /** Has the function behind /health tell the version that it is of, in a header. */
  async markHealth(version: string): Promise<void> {
    const handler = join(this.folder, 'lambdas', 'health', 'handler.ts');
    const inner = join(this.folder, 'lambdas', 'health', 'unmarked-handler.ts');
    if (!(await readFile(handler, 'utf8')).includes('unmarked')) await rename(handler, inner);
    await writeFile(
      handler,
      `import { handler as unmarked } from './unmarked-handler.ts';
      export const handler: typeof unmarked = async (...given) => {
        const answer = await unmarked(...given);
        return { ...answer, headers: { ...answer.headers, '${VERSION_HEADER}': '${version}' } };
      };\n`,
    );
  }
}

export const VERSION_HEADER = 'x-deploy-story-version';
