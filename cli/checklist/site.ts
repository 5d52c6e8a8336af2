import { createDatabase, type Database } from '../../lambdas/adapters/database/database.ts';
import type { EngineFile } from '../../local/engine/engine-file.ts';
import { outputOf, type Target } from '../target.ts';
import { type AwsClients, createAwsClients } from './aws-clients.ts';
import { type DeployedConfiguration, readDeployedConfiguration } from './deployed-configuration.ts';

/** What is looked at: a stack in AWS or a local engine, through the same clients. */
export interface Site {
  readonly kind: Target['kind'];
  readonly deployed: DeployedConfiguration;
  readonly aws: AwsClients;
  /** As `hook_svc`, the user of the functions. */
  readonly database: Database;
  /** A token of the issuer's, if the caller gave one. */
  readonly token: string | undefined;
  readonly now: () => number;
  /** @throws TargetError */
  output(name: string): string;
  /** How to give a context key another value here, for a fix. */
  deployWith(keys: string): string;
  /** An AWS CLI command that works here, for a fix. */
  awsCommand(service: keyof EngineFile['endpoints'], command: string): string;
  /** A `tidegate` command that works here, for a fix. */
  tidegateCommand(command: string): string;
  close(): void;
}

export interface SiteProps {
  readonly target: Target;
  readonly token?: string | undefined;
  /** @default Date.now */
  readonly now?: (() => number) | undefined;
}

/** @throws TargetError when its configuration cannot be read. */
export async function openSite(props: SiteProps): Promise<Site> {
  const aws = createAwsClients(props.target);
  try {
    return siteOf(props, aws, await readDeployedConfiguration(props.target, aws.lambda));
  } catch (error) {
    aws.close();
    throw error;
  }
}

/** @throws TargetError when the stack lacks an output. */
export function siteOf(
  { target, token, now = Date.now }: SiteProps,
  aws: AwsClients,
  deployed: DeployedConfiguration,
): Site {
  const output = (name: string): string => outputOf(target, name);
  const database = createDatabase({
    client: aws.rdsData,
    clusterArn: output('ClusterArn'),
    secretArn: output('ServiceSecretArn'),
    databaseName: output('DatabaseName'),
  });
  const { kind } = target;
  return { kind, deployed, aws, database, token, now, output, ...commands(target, deployed), close: aws.close };
}

type Commands = Pick<Site, 'deployWith' | 'awsCommand' | 'tidegateCommand'>;

function commands({ kind, name, client }: Target, { stage }: DeployedConfiguration): Commands {
  if (kind === 'stack') {
    return {
      deployWith: (keys) => `npx cdk deploy -c stage=${stage} ${keys}`,
      awsCommand: (service, command) => `aws ${CLI_NAMES[service]} ${command}`,
      tidegateCommand: (command) => `npx tidegate ${command} --stack ${name}`,
    };
  }
  return {
    deployWith: (keys) => `npm start -- --data ${name} ${keys}`,
    awsCommand: (service, command) =>
      `aws ${CLI_NAMES[service]} ${command} --endpoint-url ${client(service).endpoint ?? ''}`,
    tidegateCommand: (command) => `npx tidegate ${command} --data ${name}`,
  };
}

const CLI_NAMES: Readonly<Record<keyof EngineFile['endpoints'], string>> = {
  sqs: 'sqs',
  events: 'events',
  kms: 'kms',
  rdsData: 'rds-data',
  rds: 'rds',
  s3: 's3api',
  secretsManager: 'secretsmanager',
  lambda: 'lambda',
};
