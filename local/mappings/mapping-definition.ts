import { createHash } from 'node:crypto';
import { LOCAL_ACCOUNT, LOCAL_REGION } from '../services/service.ts';

/** One AWS::Lambda::EventSourceMapping of the template, resolved, with Lambda's defaults. */
export interface MappingDefinition {
  readonly logicalId: string;
  /** What Ref gives, and the API's UUID. */
  readonly uuid: string;
  readonly queueName: string;
  readonly queueArn: string;
  readonly functionId: string;
  readonly functionArn: string;
  readonly batchSize: number;
  readonly batchingWindowSeconds: number;
  readonly maxConcurrency: number;
  readonly reportsItemFailures: boolean;
  /** What the template says, if it says anything; an operator's switch counts more. */
  readonly isEnabledInTemplate: boolean;
}

/** The same at every start, so that a paused mapping is found again and what the command noted stays right. */
export function mappingUuid(stackName: string, logicalId: string): string {
  const hex = createHash('sha256').update(`${stackName}\0${logicalId}`).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, `a${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    '-',
  );
}

export function mappingArn(uuid: string): string {
  return `arn:aws:lambda:${LOCAL_REGION}:${LOCAL_ACCOUNT}:event-source-mapping:${uuid}`;
}
