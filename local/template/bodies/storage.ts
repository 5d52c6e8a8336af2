/** Databases, secrets, keys and buckets: what outlives a restart. */
import { z } from 'zod';
import { keyArn } from '../../keys/key-service.ts';
import { generateSecretString } from '../../secrets/generated-password.ts';
import { LOCAL_ACCOUNT, LOCAL_REGION } from '../../services/service.ts';
import type { ResourceBody } from '../provision.ts';
import { addPolicies, type Places, type StackModel } from '../stack-model.ts';
import { physicalName, policyDocument, readProperties, truth } from './properties.ts';

const LONGEST_BUCKET_NAME = 63;

const clusterSchema = z.object({
  Engine: z.literal('aurora-postgresql'),
  DatabaseName: z.string(),
  EnableHttpEndpoint: z.literal(true, { error: 'without the Data API no function could reach it' }),
});
const secretSchema = z.object({
  Name: z.string().optional(),
  Description: z.string().default(''),
  GenerateSecretString: generateSecretString,
});
const attachmentSchema = z.object({ SecretId: z.string() });
const keySchema = z.object({
  Description: z.string().default(''),
  EnableKeyRotation: truth.default(false),
  KeyPolicy: policyDocument,
});
const aliasSchema = z.object({ AliasName: z.string(), TargetKeyId: z.string() });
const bucketSchema = z.object({ BucketName: z.string().optional() });
const bucketPolicySchema = z.object({ Bucket: z.string(), PolicyDocument: policyDocument });

export function storageBodies(model: StackModel, places: Places): Record<string, ResourceBody> {
  return { ...databaseBodies(model, places), ...keyBodies(model), ...bucketBodies(model) };
}

function databaseBodies(model: StackModel, places: Places): Record<string, ResourceBody> {
  return {
    'AWS::RDS::DBCluster': (request) => {
      const { DatabaseName } = readProperties(request, clusterSchema);
      const ref = physicalName(request, LONGEST_BUCKET_NAME).toLowerCase();
      const arn = `arn:aws:rds:${LOCAL_REGION}:${LOCAL_ACCOUNT}:cluster:${ref}`;
      model.clusters.push({ arn, databaseName: DatabaseName });
      const endpoints = {
        'Endpoint.Address': '127.0.0.1',
        'ReadEndpoint.Address': '127.0.0.1',
        'Endpoint.Port': '5432',
      };
      return { ref, attributes: { DBClusterArn: arn, DBClusterResourceId: ref, ...endpoints } };
    },
    'AWS::SecretsManager::Secret': (request) => {
      const properties = readProperties(request, secretSchema);
      const name = properties.Name ?? physicalName(request, 512);
      const definition = {
        name,
        description: properties.Description,
        source: { generate: properties.GenerateSecretString },
      };
      const arn = places.secretArn(definition);
      model.secrets.push(definition);
      return { ref: arn, attributes: { Id: arn } };
    },
    'AWS::SecretsManager::SecretTargetAttachment': (request) => ({
      ref: readProperties(request, attachmentSchema).SecretId,
    }),
  };
}

function keyBodies(model: StackModel): Record<string, ResourceBody> {
  return {
    'AWS::KMS::Key': (request) => {
      const { Description, EnableKeyRotation, KeyPolicy } = readProperties(request, keySchema);
      const keyId = physicalName(request, 256);
      model.keys.push({ keyId, description: Description, isRotationEnabled: EnableKeyRotation });
      addPolicies(model.resourcePolicies, keyArn(keyId), [KeyPolicy]);
      return { ref: keyId, attributes: { Arn: keyArn(keyId), KeyId: keyId } };
    },
    'AWS::KMS::Alias': (request) => {
      const { AliasName, TargetKeyId } = readProperties(request, aliasSchema);
      const index = model.keys.findIndex(({ keyId }) => [keyId, keyArn(keyId)].includes(TargetKeyId));
      const key = model.keys[index];
      if (key !== undefined) model.keys[index] = { ...key, aliases: [...(key.aliases ?? []), AliasName] };
      return { ref: AliasName };
    },
  };
}

function bucketBodies(model: StackModel): Record<string, ResourceBody> {
  return {
    'AWS::S3::Bucket': (request) => {
      const { BucketName } = readProperties(request, bucketSchema);
      const name = BucketName ?? physicalName(request, LONGEST_BUCKET_NAME).toLowerCase();
      model.bucketNames.push(name);
      return { ref: name, attributes: { Arn: `arn:aws:s3:::${name}`, DomainName: `${name}.s3.amazonaws.com` } };
    },
    'AWS::S3::BucketPolicy': (request) => {
      const { Bucket, PolicyDocument } = readProperties(request, bucketPolicySchema);
      addPolicies(model.resourcePolicies, `arn:aws:s3:::${Bucket}`, [PolicyDocument]);
      return { ref: Bucket };
    },
  };
}
