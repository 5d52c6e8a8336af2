#!/usr/bin/env node
// Runs tidegate.ts. Node strips types from 22.18 on; an older one hands over to the Node 24 among the dependencies.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

if (major >= 24 || (major === 22 && minor >= 18)) {
  await import('./tidegate.ts');
} else {
  const node = join(here, '..', 'node_modules', 'node', 'bin', 'node');
  if (!existsSync(node)) {
    process.stderr.write('tidegate needs Node 24: run npm ci in its folder, which brings one along.\n');
    process.exit(2);
  }
  const child = spawn(node, [join(here, 'tidegate.ts'), ...process.argv.slice(2)], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? (signal === null ? 1 : 130);
  });
}
