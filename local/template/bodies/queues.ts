import { z } from 'zod';
import { queueArn, queueNameOfArn } from '../../queues/queue-properties.ts';
import { LOCAL_ACCOUNT } from '../../services/service.ts';
import type { ResourceBody } from '../provision.ts';
import { addPolicies, type Places, type StackModel } from '../stack-model.ts';
import { TemplateError } from '../template.ts';
import { physicalName, policyDocument, readProperties, wholeNumber } from './properties.ts';

// Source: SQS quotas, "A queue name can have up to 80 characters".
const LONGEST_NAME = 80;

const queueSchema = z.object({
  QueueName: z.string().optional(),
  VisibilityTimeout: wholeNumber.optional(),
  MessageRetentionPeriod: wholeNumber.optional(),
  DelaySeconds: wholeNumber.optional(),
  ReceiveMessageWaitTimeSeconds: wholeNumber.optional(),
  MaximumMessageSize: wholeNumber.optional(),
  RedrivePolicy: z.object({ deadLetterTargetArn: z.string(), maxReceiveCount: wholeNumber }).optional(),
  FifoQueue: z.literal(false).optional(),
});

const policySchema = z.object({ Queues: z.array(z.string()), PolicyDocument: policyDocument });

export function queueBodies(model: StackModel, places: Places): Record<string, ResourceBody> {
  return {
    'AWS::SQS::Queue': (request) => {
      const properties = readProperties(request, queueSchema);
      const name = properties.QueueName ?? physicalName(request, LONGEST_NAME);
      model.queues.push({
        name,
        visibilityTimeoutSeconds: properties.VisibilityTimeout,
        messageRetentionSeconds: properties.MessageRetentionPeriod,
        delaySeconds: properties.DelaySeconds,
        receiveWaitSeconds: properties.ReceiveMessageWaitTimeSeconds,
        maxMessageBytes: properties.MaximumMessageSize,
        redrive: properties.RedrivePolicy && toRedrive(request.logicalId, properties.RedrivePolicy),
      });
      const ref = `${places.servicesUrl}/sqs/${LOCAL_ACCOUNT}/${name}`;
      return { ref, attributes: { Arn: queueArn(name), QueueName: name, QueueUrl: ref } };
    },
    'AWS::SQS::QueuePolicy': (request) => {
      const { Queues, PolicyDocument } = readProperties(request, policySchema);
      for (const url of Queues) {
        addPolicies(model.resourcePolicies, queueArn(url.slice(url.lastIndexOf('/') + 1)), [PolicyDocument]);
      }
      return { ref: request.logicalId };
    },
  };
}

function toRedrive(
  logicalId: string,
  policy: NonNullable<z.output<typeof queueSchema>['RedrivePolicy']>,
): { deadLetterQueue: string; maxReceiveCount: number } {
  const deadLetterQueue = queueNameOfArn(policy.deadLetterTargetArn);
  if (deadLetterQueue === undefined) throw new TemplateError(`${logicalId}: its dead-letter target is no queue`);
  return { deadLetterQueue, maxReceiveCount: policy.maxReceiveCount };
}
