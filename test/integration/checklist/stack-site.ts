/** A site of which a test provides what its items ask for, and nothing else: no engine runs. */
import { createAwsClients } from '../../../cli/checklist/aws-clients.ts';
import type { DeployedConfiguration } from '../../../cli/checklist/deployed-configuration.ts';
import { type Site, siteOf } from '../../../cli/checklist/site.ts';
import type { ClientOptions, Target } from '../../../cli/target.ts';

export interface StackSiteProps {
  readonly deployed?: Partial<DeployedConfiguration>;
  readonly outputs?: Readonly<Record<string, string>>;
  readonly token?: string;
  readonly now?: () => number;
  /** Where a service answers; nothing listens where none is named. */
  readonly client?: Target['client'];
}

const NOWHERE: ClientOptions = {
  endpoint: 'http://127.0.0.1:1',
  region: 'us-east-1',
  credentials: { accessKeyId: 'operator', secretAccessKey: 'operator' },
};

export function stackSite(props: StackSiteProps = {}): Site {
  const target: Target = {
    kind: 'stack',
    name: 'Tidegate-prod',
    outputs: { ClusterArn: 'cluster', ServiceSecretArn: 'secret', DatabaseName: 'tidegate', ...props.outputs },
    client: props.client ?? (() => NOWHERE),
  };
  return siteOf({ target, token: props.token, now: props.now }, createAwsClients(target), {
    stage: 'prod',
    jwtIssuer: 'https://login.example.com',
    jwtAudience: 'tidegate',
    accountClaim: 'account_id',
    schemaHead: '11',
    eventSourceMappingIds: ['one'],
    ...props.deployed,
  });
}
