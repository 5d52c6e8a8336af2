import { faultBackoffMs, type Kept } from '../adapters/batch/sqs-batch.ts';
import type { DeadLetterMessage } from '../domain/messages/delivery-message.ts';
import type { Claim } from './claim.ts';
import type { DeliverContext } from './deliver-context.ts';

/** Puts exhausted deliveries on the dead-letters queue that a crash kept from it. */
export async function enqueueExhaustedAgain(
  { queues, deadLettersQueueUrl }: DeliverContext,
  claims: readonly Extract<Claim, { kind: 'notify' }>[],
): Promise<Kept[]> {
  const messages = claims.map(({ received, webhookId }) => {
    const { deliveryId, generation, hops } = received.message;
    const message: DeadLetterMessage = { v: 1, kind: 'exhausted', deliveryId, generation, hops: hops + 1 };
    return { body: JSON.stringify(message), groupId: webhookId, record: received.record };
  });
  const failures = await queues.sendAll(deadLettersQueueUrl, messages);
  return failures.map(({ message: { record } }) => ({ record, afterMs: faultBackoffMs(record) }));
}
