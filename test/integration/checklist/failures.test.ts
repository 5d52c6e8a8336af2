/** One engine; what an item looks at is broken for real, found, and mended by what the item says. */
import { randomUUID } from 'node:crypto';
import { DisableRuleCommand, EnableRuleCommand } from '@aws-sdk/client-eventbridge';
import { UpdateEventSourceMappingCommand } from '@aws-sdk/client-lambda';
import { DeleteObjectCommand, GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { GetSecretValueCommand, PutSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { GetQueueUrlCommand, PurgeQueueCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Finding } from '../../../cli/checklist/item.ts';
import { CHECKLIST } from '../../../cli/checklist/registry.ts';
import { runChecklist } from '../../../cli/checklist/run-checklist.ts';
import { openSite, type Site } from '../../../cli/checklist/site.ts';
import { runCommand } from '../../../cli/program.ts';
import { findTarget } from '../../../cli/target.ts';
import { openIssuer } from '../../../local/issuer/issuer.ts';
import { type EngineProcess, startEngineProcess } from '../../support/engine-process.ts';
import { eventually } from '../../support/eventually.ts';

let engine: EngineProcess;
let site: Site;
beforeAll(async () => {
  engine = await startEngineProcess();
  site = await openSite({ target: await findTarget({ data: engine.dataFolder }) });
}, 90_000);
afterAll(async () => {
  site?.close();
  await engine?.stop();
});

async function check(name: string, changes: Partial<Site> = {}): Promise<Finding> {
  const items = CHECKLIST.filter((item) => item.name === name);
  const [checked] = await runChecklist({ items, site: { ...site, ...changes } });
  if (checked === undefined) throw new Error(`there is no item ${name}`);
  return checked.finding;
}
const failing = (found: RegExp, fix: string) => ({
  result: 'fail',
  found: expect.stringMatching(found),
  fix: expect.stringContaining(fix),
});
async function local(path: string, method: string, body: object): Promise<Response> {
  return fetch(`${engine.url}/_local/${path}`, { method, body: JSON.stringify(body) });
}
async function whileDown(service: string, work: () => Promise<void>): Promise<void> {
  await local('faults', 'PUT', { service, mode: 'down' });
  try {
    await work();
  } finally {
    await local('faults', 'PUT', { service, mode: 'up' });
  }
}
async function tidegate(...args: readonly string[]) {
  const lines: string[] = [];
  const write = (line: string) => void lines.push(line);
  const code = await runCommand([...args, '--data', engine.dataFolder], { out: write, err: write });
  return { code, text: lines.join('\n') };
}
async function login(scope: string, accountId = 'acme'): Promise<string> {
  const answer = (await (await local('token', 'POST', { accountId, scope })).json()) as { access_token: string };
  return answer.access_token;
}
const later = (ms: number) => ({ now: () => Date.now() + ms });

describe('the whole', () => {
  it('passes on a fresh engine, naming what does not apply', async () => {
    const checked = await runChecklist({ items: CHECKLIST, site });
    const wrong = checked.filter(({ finding }) => finding.result === 'fail');
    expect(wrong).toEqual([]);
    const skipped = checked.filter(({ finding }) => finding.result === 'not-applicable').map(({ item }) => item);
    expect(skipped).toEqual(['lambda-concurrency', 'token', 'token-scopes']);
  });

  it('names each item once', () => {
    const names = CHECKLIST.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(/^[a-z]+(-[a-z]+)*$/);
  });
});

describe('api-health', () => {
  it('fails where nobody, or somebody else, answers', async () => {
    expect(await check('api-health', { output: () => 'http://127.0.0.1:1' })).toEqual(
      failing(/^http:\/\/127\.0\.0\.1:1\/health gave no answer/, 'is ApiUrl reachable'),
    );
    expect(await check('api-health', { output: () => `${engine.url}/nothing` })).toEqual(
      failing(/\/nothing\/health answered 404$/, 'logs of the Health function'),
    );
  });
});

describe('api-ready', () => {
  it('fails with each reason of /ready, and a fix for each', async () => {
    const [uuid = ''] = site.deployed.eventSourceMappingIds;
    await site.aws.lambda.send(new UpdateEventSourceMappingCommand({ UUID: uuid, Enabled: false }));
    await whileDown('database', async () => {
      // A new worker has no answer in its cache.
      await local('drills', 'POST', { kill: 'Health' });
      const finding = await check('api-ready');
      expect(finding).toEqual(failing(/^503: database stopped, .*consumers 1 of 4 not enabled$/, 'start-db-cluster'));
      expect(finding).toEqual(failing(/./, 'see event-source-mappings'));
    });
    await site.aws.lambda.send(new UpdateEventSourceMappingCommand({ UUID: uuid, Enabled: true }));
    await local('drills', 'POST', { kill: 'Health' });
    expect(await check('api-ready')).toMatchObject({ result: 'pass' });
  });
});

describe('api-authorizer', () => {
  const issuerOf = () => openIssuer({ folder: engine.dataFolder, url: engine.url });
  const claims = { accountId: 'acme', claimName: 'account_id', audience: 'tidegate' };

  it('passes with a good token', async () => {
    const token = await login('events:write');
    expect(await check('api-authorizer', { token })).toMatchObject({ result: 'pass' });
    expect(await check('token', { token })).toMatchObject({ result: 'pass' });
  });

  it('fails with one for another audience, and the item token says why', async () => {
    const token = await (await issuerOf()).mintToken({ ...claims, audience: 'another' });
    expect(await check('api-authorizer', { token })).toEqual(failing(/refuses the token/, 'see token'));
    expect(await check('token', { token })).toEqual(
      failing(/^its aud is another, the stack takes tidegate$/, 'jwtAudience=another'),
    );
  });

  it('fails with one without the account, and names the claim', async () => {
    const token = await (await issuerOf()).mintToken({ ...claims, claimName: 'org' });
    expect(await check('api-authorizer', { token })).toEqual(
      failing(/^the token is valid, but not enough: .*account_id/, 'the claim account_id'),
    );
    expect(await check('token', { token })).toEqual(failing(/account_id is missing \(it has .*org/, 'accountClaim'));
  });

  it('fails where a stranger is let in', async () => {
    const open = { output: () => `${engine.url}/health?as=` };
    expect(await check('api-authorizer', open)).toEqual(
      failing(/answered 200 to a caller without a token$/, 'lost its JWT authorizer'),
    );
  });
});

describe('schema', () => {
  it('fails on a state that is not that of the database, and the fix mends it', async () => {
    const place = { Bucket: site.output('ControlBucketName'), Key: 'state/schema.json' };
    await site.aws.s3.send(new PutObjectCommand({ ...place, Body: '{"version":"3"}' }));
    expect(await check('schema')).toEqual(
      failing(
        /^state\/schema\.json says 3, the database is at \d+/,
        `npx tidegate migrate up --data ${engine.dataFolder}`,
      ),
    );
    await site.aws.s3.send(new DeleteObjectCommand(place));
    expect(await check('schema')).toEqual(failing(/^state\/schema\.json says nothing/, 'migrate up'));
    expect((await tidegate('migrate', 'up')).code).toBe(0);
    expect(await check('schema')).toMatchObject({ result: 'pass' });
    const { Body } = await site.aws.s3.send(new GetObjectCommand(place));
    expect(await Body?.transformToString()).toContain(site.deployed.schemaHead);
  });

  it('fails on a database that is behind the build, and the fix mends it', async () => {
    expect((await tidegate('migrate', 'undo')).code).toBe(0);
    const behind = new RegExp(`^the database is behind: at version \\d+ of ${site.deployed.schemaHead}$`);
    expect(await check('schema')).toEqual(failing(behind, 'npx tidegate migrate up'));
    expect((await tidegate('migrate', 'up')).code).toBe(0);
    expect(await check('schema')).toMatchObject({ result: 'pass' });
  });

  it('fails while the database is down', async () => {
    await whileDown('database', async () => {
      expect(await check('schema')).toEqual(failing(/./, 'see service-login and control-bucket'));
    });
  });
});

describe('service-login', () => {
  const SecretId = () => site.output('ServiceSecretArn');
  const put = (SecretString: string) =>
    site.aws.secretsManager.send(new PutSecretValueCommand({ SecretId: SecretId(), SecretString }));

  it('fails on a password that hook_svc does not have, never shows it, and the fix mends it', async () => {
    const password = `new-${randomUUID()}`;
    await put(JSON.stringify({ username: 'hook_svc', password }));
    expect(await check('service-login')).toEqual(
      failing(/^the database refuses the password in the secret \(SQLSTATE 28P01\)$/, 'npx tidegate migrate up'),
    );
    const { code, text } = await tidegate('checklist');
    expect(code).toBe(1);
    expect(text).toContain('FAIL  service-login');
    expect(text).not.toContain(password);
    expect((await tidegate('migrate', 'up')).code).toBe(0);
    expect(await check('service-login')).toMatchObject({ result: 'pass' });
    expect((await tidegate('checklist', '--json')).text).not.toContain(password);
  });

  it('fails on a secret that is no login, without a word of it', async () => {
    const { SecretString = '' } = await site.aws.secretsManager.send(
      new GetSecretValueCommand({ SecretId: SecretId() }),
    );
    await put('not-json-but-secret');
    const finding = await check('service-login');
    expect(finding).toEqual(failing(/is not JSON with username and password$/, 'secretsmanager:GetSecretValue'));
    expect(JSON.stringify(finding)).not.toContain('not-json-but-secret');
    await put(SecretString.replace('hook_svc', 'tidegate_owner'));
    expect(await check('service-login')).toEqual(failing(/the login of another user than hook_svc$/, 'secretsmanager'));
    await put(SecretString);
    expect(await check('service-login')).toMatchObject({ result: 'pass' });
  });

  it('fails while the database is down', async () => {
    await whileDown('database', async () => {
      expect(await check('service-login')).toEqual(failing(/./, 'rds-data:ExecuteStatement'));
    });
  });
});

describe('event-source-mappings', () => {
  it('fails on one that is off, with the command that switches it on', async () => {
    const [uuid = ''] = site.deployed.eventSourceMappingIds;
    await site.aws.lambda.send(new UpdateEventSourceMappingCommand({ UUID: uuid, Enabled: false }));
    expect(await check('event-source-mappings')).toEqual(
      failing(
        /^\S*EventsQueue to \S*FanOut\S* is Disabl(ed|ing)$/,
        `update-event-source-mapping --uuid ${uuid} --enabled`,
      ),
    );
    await site.aws.lambda.send(new UpdateEventSourceMappingCommand({ UUID: uuid, Enabled: true }));
    expect(await check('event-source-mappings')).toMatchObject({ result: 'pass' });
  });

  it('fails on one that is gone', async () => {
    const deployed = { ...site.deployed, eventSourceMappingIds: ['none'] };
    expect(await check('event-source-mappings', { deployed })).toEqual(
      failing(/^ResourceNotFoundException: /, 'a mapping that is gone'),
    );
  });
});

describe('bus-rule', () => {
  it('fails on a rule that is disabled, with the command that enables it', async () => {
    const { found } = await check('bus-rule');
    const [Name = ''] = found.split(' ');
    const rule = { Name, EventBusName: site.output('BusName') };
    await site.aws.events.send(new DisableRuleCommand(rule));
    expect(await check('bus-rule')).toEqual(
      failing(
        /^rule \S+ on Tidegate-dev is DISABLED$/,
        `aws events enable-rule --event-bus-name Tidegate-dev --name ${Name}`,
      ),
    );
    await site.aws.events.send(new EnableRuleCommand(rule));
    expect(await check('bus-rule')).toMatchObject({ result: 'pass' });
  });

  it('fails while EventBridge is away', async () => {
    await whileDown('events', async () => {
      expect(await check('bus-rule')).toEqual(failing(/./, 'events:ListRules'));
    });
  });
});

describe('envelope-key and envelope-key-use', () => {
  it('fail while KMS is away, and say that nothing is lost', async () => {
    await whileDown('kms', async () => {
      expect(await check('envelope-key')).toEqual(failing(/./, 'kms:DescribeKey'));
      expect(await check('envelope-key')).toEqual(failing(/kms is down/, 'the service itself is away'));
      expect(await check('envelope-key-use')).toEqual(failing(/./, 'kms:GenerateDataKey and kms:Decrypt'));
      expect(await check('envelope-key-use')).toEqual(failing(/./, 'nothing is lost'));
    });
    expect(await check('envelope-key-use')).toMatchObject({ result: 'pass' });
  });
});

describe('dead-letter-queues', () => {
  it.each([
    ['EventsDeadLettersQueue', 'start-message-move-task --source-arn arn:aws:sqs:us-east-1:000000000000:'],
    ['CapturesDeadLettersQueue', 'start-message-move-task --source-arn arn:aws:sqs:us-east-1:000000000000:'],
    // SQS moves nothing out of a queue that EventBridge fills.
    ['UndeliveredEventsQueue', 'send each body to http'],
  ])('fails on a message in the %s, and leaves it there', async (name, fix) => {
    const { sqs } = site.aws;
    const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName: `Tidegate-dev-${name}` }));
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: '{}' }));
    const expected = failing(new RegExp(`^Tidegate-dev-${name} holds 1, the oldest 5 h old$`), fix);
    for (const _ of [1, 2]) expect(await check('dead-letter-queues', later(5 * 3_600_000))).toEqual(expected);
    await sqs.send(new PurgeQueueCommand({ QueueUrl }));
    expect(await check('dead-letter-queues')).toMatchObject({ result: 'pass' });
  });
});

describe('backlog', () => {
  it('fails when events wait, and passes when they are taken', async () => {
    const [UUID = ''] = site.deployed.eventSourceMappingIds;
    const set = (Enabled: boolean) => site.aws.lambda.send(new UpdateEventSourceMappingCommand({ UUID, Enabled }));
    await set(false);
    await eventually(async () => (await check('event-source-mappings')).found.includes('is Disabled'));
    const token = await login('events:write', `account-${randomUUID()}`);
    const response = await fetch(`${engine.url}/v1/events`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ type: 'order.paid', data: {} }),
    });
    expect(response.status).toBe(202);
    expect(await check('backlog')).toMatchObject({
      result: 'pass',
      found: expect.stringContaining('EventsQueue 1 waiting'),
    });
    expect(await check('backlog', later(600_000))).toEqual(
      failing(
        /^Tidegate-dev-EventsQueue has 1 waiting, the oldest for 10 min$/,
        'see event-source-mappings and lambda-concurrency',
      ),
    );
    await set(true);
    await eventually(async () => (await check('backlog', later(600_000))).result === 'pass');
  });

  it('fails while SQS is away', async () => {
    await whileDown('sqs', async () => {
      for (const item of ['backlog', 'dead-letter-queues']) {
        expect(await check(item)).toEqual(failing(/./, 'sqs:ReceiveMessage'));
      }
    });
  });
});

describe('sweeper', () => {
  it('fails on a marker that no sweep cleared for longer than any period', async () => {
    await whileDown('database', async () => {
      const minute = new Date(Date.now() - 3 * 3_600_000).toISOString().slice(0, 16);
      const place = { Bucket: site.output('ControlBucketName'), Key: `due/${minute}Z` };
      await site.aws.s3.send(new PutObjectCommand({ ...place, Body: 'due' }));
      expect(await check('sweeper')).toEqual(
        failing(new RegExp(`^due/${minute}Z has been due for [23] h`), 'errors of the Sweeper function'),
      );
      await site.aws.s3.send(new DeleteObjectCommand(place));
      expect(await check('sweeper')).toMatchObject({ result: 'pass' });
    });
  });
});

describe('control-bucket', () => {
  it('fails while S3 is away, with what the credentials need', async () => {
    await whileDown('s3', async () => {
      expect(await check('control-bucket')).toEqual(failing(/./, 's3:PutObject, s3:GetObject and s3:DeleteObject'));
      expect(await check('sweeper')).toEqual(failing(/./, 's3:ListBucket'));
    });
    expect(await check('control-bucket')).toMatchObject({ result: 'pass' });
  });

  it('fails on a bucket that is not there', async () => {
    const output = (name: string) => (name === 'ControlBucketName' ? 'gone' : site.output(name));
    expect(await check('control-bucket', { output })).toEqual(failing(/^NoSuchBucket/, 'made again by hand'));
  });
});
