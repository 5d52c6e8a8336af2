import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { contextKeys } from '../lambdas/domain/configuration/context.ts';

const PAGE = join(import.meta.dirname, '..', 'docs', 'configuration.md');

/** docs/configuration.md as the schema has it; `npm run docs` writes it, a test compares. */
export function configurationPage(): string {
  const rows = contextKeys().map(
    ({ key, defaultValue, description }) =>
      `| \`${key}\` | ${shown(defaultValue)} | ${description.replaceAll('|', '\\|')} |`,
  );
  return `# Configuration

Context of the CDK app, and with the very same keys of the local engine:

    npx cdk deploy -c stage=prod -c jwtIssuer=https://login.example.com/
    npm start -- -c retryScheduleSeconds=1,1,2 -c sweepSeconds=5

Lists are written with commas. An unknown key or a malformed value is refused, all of them in one message.

| key | default | meaning |
|---|---|---|
${rows.join('\n')}

The local engine knows one more: \`egress\` (\`loopback\` by default, which also allows http and 127.0.0.1; \`public\` switches
the rule of a deployed stack on). A deployed stack has no such key: its rule cannot be loosened.
`;
}

function shown(value: unknown): string {
  if (value === undefined) return '';
  if (Array.isArray(value)) return value.length === 0 ? 'none' : `\`${value.join(',')}\``;
  return `\`${String(value)}\``;
}

if (import.meta.main) {
  const page = configurationPage();
  const known = await readFile(PAGE, 'utf8').catch(() => '');
  if (known !== page) await writeFile(PAGE, page);
}
