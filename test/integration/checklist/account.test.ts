/** What the local services have no opposite for: an account's quota, a key that is off, a rule without its target. */
import { afterEach, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { busRule } from '../../../cli/checklist/bus-rule.ts';
import { envelopeKey } from '../../../cli/checklist/envelope-key.ts';
import type { ChecklistItem, Finding } from '../../../cli/checklist/item.ts';
import { lambdaConcurrency } from '../../../cli/checklist/lambda-concurrency.ts';
import { createBusService } from '../../../local/bus/bus-service.ts';
import { createKeyService, keyArn } from '../../../local/keys/key-service.ts';
import { openQueueStore } from '../../../local/queues/queue-store.ts';
import { SqsService } from '../../../local/queues/sqs-service.ts';
import { createJsonService, operation } from '../../../local/services/json-operations.ts';
import { jsonResponse } from '../../../local/services/json-response.ts';
import type { LocalService } from '../../../local/services/service.ts';
import { type ServiceBench, startServiceBench, temporaryFolder } from '../../contract/service-bench.ts';
import { type StackSiteProps, stackSite } from './stack-site.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function bench(services: readonly LocalService[]): Promise<ServiceBench> {
  const started = await startServiceBench(services);
  closing.push(started.close);
  return started;
}

async function check(item: ChecklistItem, { server }: ServiceBench, props: StackSiteProps = {}): Promise<Finding> {
  const site = stackSite({
    ...props,
    client: (service) => ({
      endpoint: `${server.url}/${service}`,
      region: 'us-east-1',
      credentials: { accessKeyId: 'operator', secretAccessKey: 'operator' },
    }),
  });
  closing.push(site.close);
  return item.check(site);
}

describe('lambda-concurrency', () => {
  const lambda = (UnreservedConcurrentExecutions: number): LocalService => ({
    name: 'lambda',
    handle: async ({ path }) =>
      path.includes('account-settings')
        ? jsonResponse({ AccountLimit: { UnreservedConcurrentExecutions } })
        : jsonResponse({ State: 'Enabled', ScalingConfig: { MaximumConcurrency: 50 } }),
  });

  it('fails in a new account, and says how to raise the quota or live with it', async () => {
    expect(await check(lambdaConcurrency, await bench([lambda(10)]))).toEqual({
      result: 'fail',
      found: expect.stringContaining('10 concurrent executions unreserved, the consumers may take 50'),
      fix: expect.stringMatching(/--quota-code L-B99A9384 .+ -c stage=prod -c deliveriesMaxConcurrency=2/),
    });
  });

  it('passes where there is more than the consumers may take', async () => {
    expect(await check(lambdaConcurrency, await bench([lambda(1_000)]))).toMatchObject({ result: 'pass' });
    expect(await check(lambdaConcurrency, await bench([lambda(50)]))).toMatchObject({ result: 'fail' });
  });
});

describe('envelope-key', () => {
  const KEY = keyArn('envelope');
  const outputs = { KeyArn: KEY };
  const kms = (metadata: object): LocalService =>
    createJsonService({
      name: 'kms',
      target: 'TrentService',
      operations: {
        DescribeKey: operation(z.unknown(), () => ({ KeyMetadata: { KeyId: 'envelope', ...metadata } })),
        GetKeyRotationStatus: operation(z.unknown(), () => ({ KeyRotationEnabled: true })),
      },
    });

  it('fails on a key that does not rotate', async () => {
    const folder = temporaryFolder();
    closing.push(folder.remove);
    const service = createKeyService({ folder: folder.path, keys: [{ keyId: 'envelope' }] });
    expect(await check(envelopeKey, await bench([service]), { outputs })).toEqual({
      result: 'fail',
      found: `${KEY} does not rotate`,
      fix: `aws kms enable-key-rotation --key-id ${KEY}`,
    });
  });

  it('fails on a key that is off, or on its way out', async () => {
    expect(await check(envelopeKey, await bench([kms({ KeyState: 'Disabled' })]), { outputs })).toEqual({
      result: 'fail',
      found: `${KEY} is Disabled`,
      fix: `aws kms enable-key --key-id ${KEY}`,
    });
    const dying = { KeyState: 'PendingDeletion', DeletionDate: Date.parse('2027-02-01T00:00:00Z') / 1_000 };
    expect(await check(envelopeKey, await bench([kms(dying)]), { outputs })).toEqual({
      result: 'fail',
      found: `${KEY} will be deleted at 2027-02-01T00:00:00.000Z, and every webhook secret with it`,
      fix: expect.stringContaining(`aws kms cancel-key-deletion --key-id ${KEY}`),
    });
  });
});

describe('bus-rule', () => {
  it('fails where no rule of the bus leads to the events queue', async () => {
    const queues = openQueueStore({ file: ':memory:' });
    closing.push(() => queues.close());
    await queues.createQueue({ name: 'events' });
    const sqs = new SqsService({ store: queues });
    const elsewhere = { Id: 'other', Arn: 'arn:aws:sqs:us-east-1:000000000000:other' };
    const bus = createBusService({
      rules: [{ Name: 'wrong', EventBusName: 'hooks', EventPattern: { source: ['a'] }, Targets: [elsewhere] }],
      busNames: ['hooks'],
      deliver: async () => undefined,
      canService: () => true,
    });
    const services = await bench([sqs, bus]);
    sqs.baseUrl = services.server.url;
    const outputs = { BusName: 'hooks', EventsQueueUrl: sqs.queueUrl('events') };
    expect(await check(busRule, services, { outputs })).toEqual({
      result: 'fail',
      found: 'no rule of the bus hooks has the events queue as its target',
      fix: expect.stringContaining('put the target back'),
    });
  });
});
