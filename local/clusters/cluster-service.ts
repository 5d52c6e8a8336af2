import { type LocalService, ServiceError, type ServiceRequest, type ServiceResponse } from '../services/service.ts';

export interface ClusterServiceProps {
  readonly clusterArn: string;
  /** Whether the database answers; a drill that takes it down shows here as `stopped`. */
  readonly isAvailable: () => boolean;
}

/** Amazon RDS as far as a stack asks it: the status of its one cluster. Query protocol, answers in XML. */
export class ClusterService implements LocalService {
  readonly name = 'rds';
  readonly #props: ClusterServiceProps;

  constructor(props: ClusterServiceProps) {
    this.#props = props;
  }

  async handle(request: ServiceRequest): Promise<ServiceResponse> {
    try {
      return { status: 200, headers: XML, body: this.#answer(request) };
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      return { status: error.status, headers: XML, body: errorXml(error) };
    }
  }

  #answer(request: ServiceRequest): string {
    const form = new URLSearchParams(request.body.toString('utf8'));
    const action = form.get('Action');
    if (action !== 'DescribeDBClusters') {
      throw new ServiceError('InvalidAction', `The local engine has no RDS action ${action}`);
    }
    const { clusterArn, isAvailable } = this.#props;
    const identifier = form.get('DBClusterIdentifier') ?? clusterArn;
    request.authorize('rds:DescribeDBClusters', identifier);
    if (identifier !== clusterArn) {
      throw new ServiceError('DBClusterNotFoundFault', `DBCluster ${identifier} not found.`, 404);
    }
    return clusterXml(clusterArn, isAvailable() ? 'available' : 'stopped');
  }
}

const XML = { 'content-type': 'text/xml' };
const NAMESPACE = 'http://rds.amazonaws.com/doc/2014-10-31/';

function clusterXml(arn: string, status: string): string {
  return `<DescribeDBClustersResponse xmlns="${NAMESPACE}"><DescribeDBClustersResult><DBClusters><DBCluster>
    <DBClusterArn>${escaped(arn)}</DBClusterArn><DBClusterIdentifier>${escaped(arn.split(':').at(-1) ?? arn)}</DBClusterIdentifier>
    <Engine>aurora-postgresql</Engine><Status>${status}</Status>
  </DBCluster></DBClusters></DescribeDBClustersResult></DescribeDBClustersResponse>`;
}

function errorXml({ code, message }: ServiceError): string {
  return `<ErrorResponse xmlns="${NAMESPACE}"><Error><Type>Sender</Type><Code>${escaped(code)}</Code><Message>${escaped(message)}</Message></Error></ErrorResponse>`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
