/** The Data API of the one cluster that the stack makes: asks the emulator what it knows of cluster and secrets. */
import { DescribeDBClustersCommand, type RDSClient } from '@aws-sdk/client-rds';
import { GetSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import pg from 'pg';
import { z } from 'zod';
import type { Credentials } from '../../local/data-api/connections.ts';
import { DataApi } from '../../local/data-api/data-api.ts';
import type { Postgres } from '../../local/postgres/postgres.ts';
import {
  type LocalService,
  ServiceError,
  type ServiceRequest,
  type ServiceResponse,
} from '../../local/services/service.ts';

export interface ClusterDirectory {
  readonly rds: RDSClient;
  readonly secrets: SecretsManagerClient;
}

export interface DeployedClusterProps {
  readonly postgres: Postgres;
  /** As a superuser. */
  readonly observer: pg.Pool;
}

interface Cluster {
  readonly arn: string;
  readonly masterUser: string;
  readonly dataApi: DataApi;
}

const callSchema = z.object({ resourceArn: z.string(), secretArn: z.string() });
const loginSchema = z.object({ username: z.string(), password: z.string() });

export class DeployedCluster implements LocalService {
  readonly name = 'rds-data';
  readonly #props: DeployedClusterProps;
  readonly #logins = new Map<string, Credentials>();
  #directory: ClusterDirectory | undefined;
  #cluster: Cluster | undefined;

  constructor(props: DeployedClusterProps) {
    this.#props = props;
  }

  attach(directory: ClusterDirectory): void {
    this.#directory = directory;
  }

  /** @throws ServiceError in the Data API's words: for another cluster, one without the Data API, an unknown secret. */
  async handle(request: ServiceRequest): Promise<ServiceResponse> {
    if (this.#directory === undefined) throw new ServiceError('ServiceUnavailableError', 'there is no cluster', 503);
    const { resourceArn, secretArn } = callSchema.parse(JSON.parse(request.body.toString('utf8')));
    if (this.#cluster?.arn !== resourceArn) this.#cluster = await this.#find(this.#directory.rds, resourceArn);
    if (!this.#logins.has(secretArn)) await this.#learnLogin(this.#directory.secrets, secretArn, this.#cluster);
    return this.#cluster.dataApi.handle(request);
  }

  async close(): Promise<void> {
    await this.#cluster?.dataApi.close();
  }

  async #find(rds: RDSClient, arn: string): Promise<Cluster> {
    const { DBClusters = [] } = await rds.send(new DescribeDBClustersCommand({}));
    const found = DBClusters.find(({ DBClusterArn }) => DBClusterArn === arn);
    if (found?.HttpEndpointEnabled !== true || found.MasterUsername === undefined) {
      throw new ServiceError('HttpEndpointNotEnabledException', `HttpEndpoint is not enabled for cluster ${arn}`);
    }
    const { host, port } = this.#props.postgres;
    const credentials = (secretArn: string) => this.#logins.get(secretArn);
    return {
      arn,
      masterUser: found.MasterUsername,
      dataApi: new DataApi({ clusterArn: arn, host, port, credentials }),
    };
  }

  /** The master user has the password that its secret held when the cluster was made, as in AWS. */
  async #learnLogin(secrets: SecretsManagerClient, secretArn: string, cluster: Cluster): Promise<void> {
    const { SecretString = '' } = await secrets.send(new GetSecretValueCommand({ SecretId: secretArn }));
    const login = loginSchema.parse(JSON.parse(SecretString));
    if (login.username === cluster.masterUser) {
      const role = pg.escapeIdentifier(login.username);
      await this.#props.observer.query(`ALTER ROLE ${role} PASSWORD ${pg.escapeLiteral(login.password)}`);
    }
    this.#logins.set(secretArn, login);
  }
}
