/** What the emulator holds, of the kinds that cost money or hold data. */
import { DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { DescribeLogGroupsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { ListEventBusesCommand } from '@aws-sdk/client-eventbridge';
import { DescribeKeyCommand, ListKeysCommand } from '@aws-sdk/client-kms';
import { ListEventSourceMappingsCommand, ListFunctionsCommand } from '@aws-sdk/client-lambda';
import {
  DescribeDBClusterSnapshotsCommand,
  DescribeDBClustersCommand,
  DescribeDBInstancesCommand,
} from '@aws-sdk/client-rds';
import { ListBucketsCommand } from '@aws-sdk/client-s3';
import { ListSecretsCommand } from '@aws-sdk/client-secrets-manager';
import { ListQueuesCommand } from '@aws-sdk/client-sqs';
import type { AwsClients } from './aws-clients.ts';

type Names = readonly (string | undefined)[];

const KINDS: Readonly<Record<string, (clients: AwsClients) => Promise<Names>>> = {
  bucket: async ({ s3 }) => ((await s3.send(new ListBucketsCommand({}))).Buckets ?? []).map(({ Name }) => Name),
  bus: async ({ events }) =>
    ((await events.send(new ListEventBusesCommand({}))).EventBuses ?? []).map(({ Name }) => Name),
  cluster: async ({ rds }) =>
    ((await rds.send(new DescribeDBClustersCommand({}))).DBClusters ?? []).map(
      (cluster) => cluster.DBClusterIdentifier,
    ),
  function: async ({ lambda }) =>
    ((await lambda.send(new ListFunctionsCommand({}))).Functions ?? []).map(({ FunctionName }) => FunctionName),
  instance: async ({ rds }) =>
    ((await rds.send(new DescribeDBInstancesCommand({}))).DBInstances ?? []).map(
      (instance) => instance.DBInstanceIdentifier,
    ),
  key: liveKeys,
  'log group': async ({ logs }) =>
    ((await logs.send(new DescribeLogGroupsCommand({}))).logGroups ?? []).map(({ logGroupName }) => logGroupName),
  mapping: async ({ lambda }) =>
    ((await lambda.send(new ListEventSourceMappingsCommand({}))).EventSourceMappings ?? []).map(({ UUID }) => UUID),
  queue: async ({ sqs }) => (await sqs.send(new ListQueuesCommand({}))).QueueUrls ?? [],
  secret: async ({ secrets }) =>
    ((await secrets.send(new ListSecretsCommand({}))).SecretList ?? []).map(({ Name }) => Name),
  snapshot: async ({ rds }) =>
    ((await rds.send(new DescribeDBClusterSnapshotsCommand({}))).DBClusterSnapshots ?? []).map(
      (snapshot) => snapshot.DBClusterIdentifier,
    ),
  stack: async ({ cloudFormation }) =>
    ((await cloudFormation.send(new DescribeStacksCommand({}))).Stacks ?? []).map(({ StackName }) => StackName),
};

/** @returns `<kind> <name>`, sorted. A snapshot goes by the name of its cluster. */
export async function takeInventory(clients: AwsClients): Promise<string[]> {
  const lists = await Promise.all(
    Object.entries(KINDS).map(async ([kind, namesOf]) => (await namesOf(clients)).map((name) => `${kind} ${name}`)),
  );
  return lists.flat().sort();
}

/** A deleted key is listed until its waiting period of at least 7 days is over. */
async function liveKeys({ keys }: AwsClients): Promise<Names> {
  const { Keys = [] } = await keys.send(new ListKeysCommand({}));
  const described = await Promise.all(Keys.map(({ KeyId }) => keys.send(new DescribeKeyCommand({ KeyId }))));
  return described.flatMap(({ KeyMetadata }) => (KeyMetadata?.DeletionDate === undefined ? [KeyMetadata?.KeyId] : []));
}
