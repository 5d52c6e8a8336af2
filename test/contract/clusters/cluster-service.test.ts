import { DescribeDBClustersCommand, DescribeDBInstancesCommand, RDSClient } from '@aws-sdk/client-rds';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ClusterService } from '../../../local/clusters/cluster-service.ts';
import { createAuthorizer } from '../../../local/permissions/authorizer.ts';
import { type ServiceBench, startServiceBench } from '../service-bench.ts';

const ARN = 'arn:aws:rds:us-east-1:000000000000:cluster:tidegate-<dev>';

describe('RDS', () => {
  let bench: ServiceBench;
  let isAvailable = true;
  const client = (principal?: string) => new RDSClient(bench.client('rds', principal));

  beforeAll(async () => {
    const health = [{ Statement: { Effect: 'Allow' as const, Action: 'rds:DescribeDBClusters', Resource: ARN } }];
    const authorizer = createAuthorizer({
      roles: new Map([
        ['Health', health],
        ['Publish', []],
      ]),
    });
    bench = await startServiceBench(
      [new ClusterService({ clusterArn: ARN, isAvailable: () => isAvailable })],
      authorizer,
    );
  });
  afterAll(() => bench.close());

  const describeCluster = (principal: string, arn: string) =>
    client(principal).send(new DescribeDBClustersCommand({ DBClusterIdentifier: arn }));

  it('tells the status of the stack’s cluster', async () => {
    const { DBClusters } = await describeCluster('Health', ARN);
    expect(DBClusters).toHaveLength(1);
    expect(DBClusters?.[0]).toMatchObject({ DBClusterArn: ARN, Status: 'available', Engine: 'aurora-postgresql' });
  });

  it('shows a database that a drill took down as stopped', async () => {
    isAvailable = false;
    expect((await describeCluster('Health', ARN)).DBClusters?.[0]?.Status).toBe('stopped');
    isAvailable = true;
  });

  it('knows no other cluster and no other action', async () => {
    await expect(describeCluster('operator', 'arn:other')).rejects.toMatchObject({ name: 'DBClusterNotFoundFault' });
    await expect(client().send(new DescribeDBInstancesCommand({}))).rejects.toMatchObject({ name: 'InvalidAction' });
  });

  it('refuses a role without the grant', async () => {
    await expect(describeCluster('Publish', ARN)).rejects.toMatchObject({ $metadata: { httpStatusCode: 403 } });
  });
});
