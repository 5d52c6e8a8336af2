/** `npx tidegate checklist` as a process: on a running engine, and through CloudFormation as on a stack. */
import { execFile } from 'node:child_process';
import { createServer, type RequestListener, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type EngineProcess, startEngineProcess } from '../support/engine-process.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const STACK = 'Tidegate-dev';

let engine: EngineProcess;
/** Its issuer is an address where nobody listens. */
let misled: EngineProcess;
const started: EngineProcess[] = [];

// One after the other: two starts at once on a busy machine take longer than either may.
beforeAll(async () => {
  engine = await start({ accountClaim: 'org' });
  misled = await start({ jwtIssuer: 'http://127.0.0.1:1', jwtAudience: 'hooks' });
}, 150_000);
afterAll(() => Promise.all(started.map((each) => each.stop())));

async function start(context: Readonly<Record<string, string>>): Promise<EngineProcess> {
  const process = await startEngineProcess({ context });
  started.push(process);
  return process;
}

interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

function tidegate(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Outcome> {
  const { PATH, HOME } = process.env;
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [join(ROOT, 'bin', 'tidegate.mjs'), ...args],
      { cwd: ROOT, env: { PATH, HOME, ...env } },
      (error, out, err) => resolve({ code: typeof error?.code === 'number' ? error.code : 0, out, err }),
    );
  });
}

interface Report {
  readonly target: string;
  readonly failed: number;
  readonly items: readonly {
    readonly item: string;
    readonly result: string;
    readonly found: string;
    readonly fix?: string;
  }[];
}
const failedItems = ({ items }: Report) => items.filter(({ result }) => result === 'fail').map(({ item }) => item);

describe('on a local engine', () => {
  it('passes, a line an item, with what does not apply marked so', async () => {
    const { code, out, err } = await tidegate(['checklist', '--data', engine.dataFolder]);
    expect([code, err]).toEqual([0, '']);
    const lines = out.trimEnd().split('\n');
    expect(lines.at(-1)).toMatch(/^\d+ passed, 0 failed, 3 not applicable$/);
    for (const line of lines.slice(0, -1)) expect(line).toMatch(/^(pass|n\/a ) {2}[a-z-]+ +\S/);
    expect(out).toMatch(/^n\/a {3}lambda-concurrency +a local engine has no such quota$/m);
  });

  it('passes with a token whose account stands in the claim of the context', async () => {
    const body = JSON.stringify({ accountId: 'acme', scope: 'webhooks:admin' });
    const response = await fetch(`${engine.url}/_local/token`, { method: 'POST', body });
    const { access_token: token } = (await response.json()) as { access_token: string };
    const { code, out } = await tidegate(['checklist', '--data', engine.dataFolder, '--token', token, '--json']);
    expect(code).toBe(0);
    const report = JSON.parse(out) as Report;
    expect(report.items).toContainEqual(
      expect.objectContaining({ item: 'token', found: expect.stringContaining('acme') }),
    );
    expect(report.items).toContainEqual(expect.objectContaining({ item: 'api-authorizer', result: 'pass' }));
    expect(out).not.toContain(token);
  });

  it('ends with 1 and the fix in each failing line, when the issuer was given wrongly', async () => {
    const text = await tidegate(['checklist', '--data', misled.dataFolder]);
    expect([text.code, text.err]).toEqual([1, expect.stringMatching(/^error: 2 of \d+ items failed\n$/)]);
    const failing = text.out.split('\n').filter((line) => line.startsWith('FAIL'));
    expect(failing.map((line) => line.split(/\s+/)[1])).toEqual(['issuer', 'issuer-keys']);
    expect(failing[0]).toMatch(/openid-configuration gave no answer \(.+\)\. Fix: .+-c jwtIssuer=https:/);

    const json = await tidegate(['checklist', '--data', misled.dataFolder, '--json']);
    expect([json.code, json.err]).toEqual([1, '']);
    const report = JSON.parse(json.out) as Report;
    expect(failedItems(report)).toEqual(['issuer', 'issuer-keys']);
    expect(report).toMatchObject({ target: misled.dataFolder, failed: 2, notApplicable: 3 });
    expect(report.items.every(({ result, fix }) => (result === 'fail') === (fix !== undefined))).toBe(true);
  });
});

describe('without anything to talk to', () => {
  it('ends with 2 and says what to start or name', async () => {
    const { code, out, err } = await tidegate(['checklist', '--data', '/nowhere']);
    expect([code, out]).toEqual([2, '']);
    expect(err).toMatch(/no engine runs on \/nowhere .*npm start/);
    expect((await tidegate(['checklist', '--data', '/nowhere', '--json'])).out).toMatch(/^\{"error":"NO_TARGET",/);
    expect((await tidegate(['checklist', '--unknown'])).code).toBe(2);
  });

  it('shows help with every item and examples', async () => {
    const { code, out } = await tidegate(['checklist', '--help']);
    expect(code).toBe(0);
    expect(out).toContain('tidegate checklist --stack Tidegate-prod --token');
    expect(out).toMatch(/^ {2}service-login +the secret of hook_svc/m);
  });
});

describe('on a stack', () => {
  const servers: ReturnType<typeof createServer>[] = [];
  afterAll(() => {
    for (const server of servers) server.close();
  });

  async function listen(listener: RequestListener): Promise<string> {
    const server = createServer(listener);
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  /** Knows one stack, whose outputs are the engine's and whose functions are named as they are there. */
  const cloudFormation: RequestListener = (incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const form = new URLSearchParams(Buffer.concat(chunks).toString());
      const action = form.get('Action') ?? '';
      const isKnown = form.get('StackName') === STACK;
      response.writeHead(isKnown ? 200 : 400, { 'content-type': 'text/xml' });
      const result = action === 'DescribeStacks' ? stackXml() : resourceXml(form.get('LogicalResourceId') ?? '');
      response.end(
        isKnown
          ? `<${action}Response><${action}Result>${result}</${action}Result></${action}Response>`
          : '<ErrorResponse><Error><Code>ValidationError</Code><Message>no such stack</Message></Error></ErrorResponse>',
      );
    });
  };
  const stackXml = (): string => {
    const outputs = Object.entries(engine.outputs).map(
      ([name, value]) => `<member><OutputKey>${name}</OutputKey><OutputValue>${value}</OutputValue></member>`,
    );
    return `<Stacks><member><StackName>${STACK}</StackName><Outputs>${outputs.join('')}</Outputs></member></Stacks>`;
  };
  const resourceXml = (id: string): string =>
    `<StackResourceDetail><PhysicalResourceId>${STACK}-${id}</PhysicalResourceId></StackResourceDetail>`;

  /** The engine's Lambda, in an account of so many concurrent executions. */
  const lambdaWith =
    (UnreservedConcurrentExecutions: number): RequestListener =>
    (incoming, response) => {
      if (incoming.url?.includes('account-settings')) {
        response.end(JSON.stringify({ AccountLimit: { UnreservedConcurrentExecutions } }));
        return;
      }
      const { method, headers, url = '/' } = incoming;
      const onward = request(engine.endpoints.lambda + url, { method, headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      });
      incoming.pipe(onward);
    };

  async function environment(concurrency: number): Promise<Readonly<Record<string, string>>> {
    const { sqs, events, kms, rdsData, rds, s3, secretsManager } = engine.endpoints;
    return {
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'operator',
      AWS_SECRET_ACCESS_KEY: 'operator',
      AWS_ENDPOINT_URL_CLOUDFORMATION: await listen(cloudFormation),
      AWS_ENDPOINT_URL_LAMBDA: await listen(lambdaWith(concurrency)),
      AWS_ENDPOINT_URL_SQS: sqs,
      AWS_ENDPOINT_URL_EVENTBRIDGE: events,
      AWS_ENDPOINT_URL_KMS: kms,
      AWS_ENDPOINT_URL_RDS_DATA: rdsData,
      AWS_ENDPOINT_URL_RDS: rds,
      AWS_ENDPOINT_URL_S3: s3,
      AWS_ENDPOINT_URL_SECRETS_MANAGER: secretsManager,
    };
  }

  it('finds everything by the outputs; of an engine posing as a stack only the plain http of its issuer is wrong', async () => {
    const { code, out } = await tidegate(['checklist', '--stack', STACK, '--json'], await environment(1_000));
    const report = JSON.parse(out) as Report;
    expect(failedItems(report)).toEqual(['issuer']);
    expect(report.items).toContainEqual(
      expect.objectContaining({ item: 'issuer', fix: expect.stringContaining('npx cdk deploy -c stage=dev') }),
    );
    expect([code, report.target]).toEqual([1, STACK]);
    expect(report.items).toContainEqual(expect.objectContaining({ item: 'lambda-concurrency', result: 'pass' }));
  });

  it('says so where the account is too small', async () => {
    const { out } = await tidegate(['checklist', '--stack', STACK], await environment(10));
    expect(out).toMatch(/^FAIL {2}lambda-concurrency +10 concurrent executions.+Fix: aws service-quotas /m);
  });

  it('ends with 2 on a stack that is not there', async () => {
    const { code, err } = await tidegate(['checklist', '--stack', 'Other'], await environment(10));
    expect([code, err]).toEqual([2, expect.stringContaining('no such stack')]);
  });
});
