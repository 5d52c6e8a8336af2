/** The errors of the objects, with S3's names, and S3's way to write them. Source: Amazon S3 API Reference, "Error responses". */
import { ServiceError, type ServiceResponse } from '../services/service.ts';
import { xmlDocument, xmlText } from './xml.ts';

export function noSuchKey(): ServiceError {
  return new ServiceError('NoSuchKey', 'The specified key does not exist.', 404);
}

export function noSuchBucket(): ServiceError {
  return new ServiceError('NoSuchBucket', 'The specified bucket does not exist', 404);
}

export function preconditionFailed(): ServiceError {
  const message = 'At least one of the pre-conditions you specified did not hold';
  return new ServiceError('PreconditionFailed', message, 412);
}

export function notImplemented(what: string): ServiceError {
  return new ServiceError('NotImplemented', `${what} is not implemented by the local objects.`, 501);
}

export function errorResponse(error: ServiceError): ServiceResponse {
  return {
    status: error.status,
    headers: { 'content-type': 'application/xml' },
    body: xmlDocument(`<Error>${xmlText('Code', error.code)}${xmlText('Message', error.message)}</Error>`),
  };
}
