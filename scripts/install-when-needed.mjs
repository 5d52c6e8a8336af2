/**
 * Before `npm start` and `npm test`: runs `npm ci` when there is no node_modules, or an older one than the lock file, so
 * that both work straight from a clone. Plain JavaScript, since the machine's own Node may be 20; Node 24 is one of the
 * packages that this installs, and the script that npm runs next finds it in node_modules/.bin.
 */
import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { delimiter, dirname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
// npm writes both files within one install, in no fixed order.
const SAME_INSTALL_MS = 10_000;

if (isInstallNeeded()) install();

function isInstallNeeded() {
  const lockedAt = statSync(join(ROOT, 'package-lock.json')).mtimeMs;
  // npm's own record of what is installed; written last, so an install that was interrupted counts as none.
  const installed = statSync(join(ROOT, 'node_modules', '.package-lock.json'), { throwIfNoEntry: false });
  return installed === undefined || installed.mtimeMs + SAME_INSTALL_MS < lockedAt;
}

function install() {
  const startedAt = Date.now();
  process.stderr.write('Installing packages (npm ci), which takes a minute the first time…\n');
  const { status, stdout, stderr, error } = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: ROOT,
    encoding: 'utf8',
    env: { ...process.env, PATH: pathWithoutModules() },
    shell: process.platform === 'win32',
  });
  if (error !== undefined || status !== 0) {
    process.stderr.write(`${stdout ?? ''}${stderr ?? ''}${error?.message ?? ''}\nnpm ci failed; see above.\n`);
    process.exit(1);
  }
  process.stderr.write(`Packages are installed (${Math.round((Date.now() - startedAt) / 1000)} s).\n`);
}

/** npm ci deletes node_modules, and with it the Node that npm would otherwise find there first. */
function pathWithoutModules() {
  const isOwn = (folder) => folder.endsWith(join('node_modules', '.bin')) && folder.startsWith(ROOT + sep);
  return (process.env.PATH ?? '')
    .split(delimiter)
    .filter((folder) => !isOwn(folder))
    .join(delimiter);
}
