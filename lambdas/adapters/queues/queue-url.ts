/**
 * URL of the queue that a batch came from. A consumer is told its queue by ARN alone; the URL's form is documented (SQS
 * Developer Guide, "Queue and message identifiers"), so it needs neither a call nor a variable of its own.
 * @throws RangeError when the text is no queue's ARN.
 */
export function queueUrlFromArn(arn: string): string {
  const [, , service, region = '', account = '', name = ''] = arn.split(':');
  if (service !== 'sqs' || name === '') throw new RangeError(`not the ARN of a queue: ${arn}`);
  const suffix = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
  return `https://sqs.${region}.${suffix}/${account}/${name}`;
}
