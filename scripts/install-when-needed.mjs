/**
 * Before `npm start` and `npm test`: runs `npm ci` when there is no node_modules, or an older one than the lock file, so
 * that both work straight from a clone. Plain JavaScript, since the machine's own Node may be 20; Node 24 is one of the
 * packages that this installs, and the script that npm runs next finds it in node_modules/.bin.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, statSync, utimesSync } from 'node:fs';
import { delimiter, dirname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const LOCK = join(ROOT, 'package-lock.json');
// npm's own record of what is installed; written last, so an install that was interrupted counts as none.
const INSTALLED = join(ROOT, 'node_modules', '.package-lock.json');

if (isInstallNeeded()) install();

function isInstallNeeded() {
  const installed = statSync(INSTALLED, { throwIfNoEntry: false });
  if (installed === undefined) return true;
  if (installed.mtimeMs >= statSync(LOCK).mtimeMs) return false;
  if (!holdsWhatIsLocked()) return true;
  // Only the time is newer (a checkout, an entry of another platform): a minute of npm ci would change nothing.
  const now = new Date();
  utimesSync(INSTALLED, now, now);
  return false;
}

function holdsWhatIsLocked() {
  const installed = packagesOf(INSTALLED);
  return Object.entries(packagesOf(LOCK)).every(([path, { version, optional, devOptional }]) => {
    const found = installed[path];
    if (path === '') return true;
    return found === undefined ? optional === true || devOptional === true : found.version === version;
  });
}

function packagesOf(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages ?? {};
  } catch {
    return {};
  }
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
