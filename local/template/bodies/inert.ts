/** Resources that have nothing to do on one machine: networks, logs, alarms. They only answer to their names. */
import { LOCAL_ACCOUNT, LOCAL_REGION } from '../../services/service.ts';
import { LOCAL_AVAILABILITY_ZONES } from '../intrinsics.ts';
import type { ResourceBody } from '../provision.ts';
import { physicalName } from './properties.ts';

const INERT: Readonly<Record<string, readonly string[]>> = {
  'AWS::CDK::Metadata': [],
  'AWS::CloudWatch::Alarm': ['Arn'],
  'AWS::CloudWatch::CompositeAlarm': ['Arn'],
  'AWS::CloudWatch::Dashboard': [],
  'AWS::EC2::Route': [],
  'AWS::EC2::RouteTable': ['RouteTableId'],
  'AWS::EC2::SecurityGroup': ['GroupId', 'VpcId'],
  'AWS::EC2::SecurityGroupEgress': [],
  'AWS::EC2::SecurityGroupIngress': [],
  'AWS::EC2::Subnet': ['SubnetId', 'VpcId', 'AvailabilityZone', 'NetworkAclAssociationId'],
  'AWS::EC2::SubnetRouteTableAssociation': ['Id'],
  'AWS::EC2::VPC': ['VpcId', 'CidrBlock', 'DefaultSecurityGroup', 'DefaultNetworkAcl'],
  'AWS::Logs::LogGroup': ['Arn'],
  'AWS::Logs::MetricFilter': [],
  'AWS::Logs::QueryDefinition': [],
  'AWS::RDS::DBInstance': ['DBInstanceArn', 'DbiResourceId', 'Endpoint.Address', 'Endpoint.Port'],
  'AWS::RDS::DBSubnetGroup': [],
  'AWS::RDS::DBClusterParameterGroup': [],
  'AWS::SNS::Subscription': [],
  'AWS::SNS::Topic': ['TopicName', 'TopicArn'],
  'AWS::SNS::TopicPolicy': [],
};

export function inertBodies(): Record<string, ResourceBody> {
  return Object.fromEntries(Object.entries(INERT).map(([type, attributes]) => [type, inertBody(attributes)]));
}

function inertBody(attributes: readonly string[]): ResourceBody {
  return (request) => {
    const name = physicalName(request, 255);
    const service = request.type.split('::')[1]?.toLowerCase();
    const arn = `arn:aws:${service}:${LOCAL_REGION}:${LOCAL_ACCOUNT}:${name}`;
    const valueFor = (attribute: string): string => {
      if (attribute.endsWith('Arn')) return arn;
      return attribute === 'AvailabilityZone' ? LOCAL_AVAILABILITY_ZONES[0] : name;
    };
    const ref = request.type === 'AWS::SNS::Topic' ? arn : name;
    return { ref, attributes: Object.fromEntries(attributes.map((attribute) => [attribute, valueFor(attribute)])) };
  };
}
