/** SQS on the wire: the AWS JSON 1.0 protocol in front of the queue store. */
import {
  LOCAL_ACCOUNT,
  type LocalService,
  ServiceError,
  type ServiceRequest,
  type ServiceResponse,
} from '../services/service.ts';
import { queryCode } from './queue-error.ts';
import type { QueueStore } from './queue-store.ts';
import type { EntryFault, SqsCall } from './sqs-call.ts';
import * as messages from './sqs-message-operations.ts';
import * as moves from './sqs-move-operations.ts';
import * as queues from './sqs-queue-operations.ts';

export interface SqsServiceProps {
  readonly store: QueueStore;
  readonly entryFault?: EntryFault;
}

type Operation = (call: SqsCall) => Promise<unknown>;

const HEADERS = { 'content-type': 'application/x-amz-json-1.0' } as const;
const TARGET_PREFIX = 'AmazonSQS.';

export class SqsService implements LocalService {
  readonly name = 'sqs';
  /**
   * Where the server of all services listens: `http://127.0.0.1:4100`. Known only after it listens; it goes into every
   * queue URL: `<baseUrl>/sqs/000000000000/<queue name>`.
   */
  baseUrl = '';
  readonly #store: QueueStore;
  readonly #entryFault: EntryFault | undefined;
  readonly #operations: ReadonlyMap<string, Operation>;

  constructor({ store, entryFault }: SqsServiceProps) {
    this.#store = store;
    this.#entryFault = entryFault;
    this.#operations = operationsByName();
  }

  async handle(request: ServiceRequest): Promise<ServiceResponse> {
    try {
      return answer(await this.#operation(request)(this.#call(request)));
    } catch (error) {
      if (error instanceof ServiceError) return this.writeError(error);
      throw error;
    }
  }

  /** The header tells clients of the older query protocol the code that they know. Source: Smithy, "awsQueryCompatible". */
  writeError(error: ServiceError): ServiceResponse {
    const fault = error.status < 500 ? 'Sender' : 'Receiver';
    return {
      status: error.status,
      headers: { ...HEADERS, 'x-amzn-query-error': `${queryCode(error.code)};${fault}` },
      body: JSON.stringify({ __type: `com.amazonaws.sqs#${error.code}`, message: error.message }),
    };
  }

  queueUrl(name: string): string {
    return `${this.baseUrl}/sqs/${LOCAL_ACCOUNT}/${name}`;
  }

  #operation(request: ServiceRequest): Operation {
    const target = request.headers['x-amz-target'] ?? '';
    const operation = this.#operations.get(target.replace(TARGET_PREFIX, ''));
    if (operation !== undefined && target.startsWith(TARGET_PREFIX)) return operation;
    throw new ServiceError('InvalidAction', `The action ${target} is not valid for this endpoint.`);
  }

  #call(request: ServiceRequest): SqsCall {
    return { store: this.#store, request, urlOf: (name) => this.queueUrl(name), entryFault: this.#entryFault };
  }
}

function operationsByName(): ReadonlyMap<string, Operation> {
  const purgedAtMs = new Map<string, number>();
  return new Map<string, Operation>([
    ['SendMessage', messages.sendMessage],
    ['SendMessageBatch', messages.sendMessageBatch],
    ['ReceiveMessage', messages.receiveMessage],
    ['DeleteMessage', messages.deleteMessage],
    ['DeleteMessageBatch', messages.deleteMessageBatch],
    ['ChangeMessageVisibility', messages.changeMessageVisibility],
    ['ChangeMessageVisibilityBatch', messages.changeMessageVisibilityBatch],
    ['GetQueueUrl', queues.getQueueUrl],
    ['ListQueues', queues.listQueues],
    ['GetQueueAttributes', queues.getQueueAttributes],
    ['PurgeQueue', (call) => queues.purgeQueue(call, purgedAtMs)],
    ['StartMessageMoveTask', moves.startMessageMoveTask],
    ['ListMessageMoveTasks', moves.listMessageMoveTasks],
    ['CancelMessageMoveTask', moves.cancelMessageMoveTask],
  ]);
}

function answer(value: unknown): ServiceResponse {
  return { status: 200, headers: HEADERS, body: JSON.stringify(value) };
}
