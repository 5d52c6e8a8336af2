import { RemovalPolicy } from 'aws-cdk-lib';
import { type CfnKey, Key } from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';
import type { TidegateFunction } from './tidegate-function.ts';

/**
 * Wraps the data key of each account (design section 5). It outlives the stack: without it no secret in a restored
 * snapshot could be read again.
 */
export class EnvelopeKey extends Key {
  constructor(scope: Construct, id: string) {
    super(scope, id, {
      description: 'Tidegate: wraps the data keys that webhook secrets are sealed with',
      enableKeyRotation: true,
      removalPolicy: RemovalPolicy.RETAIN,
    });
    (this.node.defaultChild as CfnKey).overrideLogicalId(id);
  }

  /** Lets a function unwrap data keys. */
  grantOpen(fn: TidegateFunction): void {
    this.allow(fn, ['kms:Decrypt']);
  }

  /** Lets a function make data keys for new accounts, and unwrap those there are. */
  grantSeal(fn: TidegateFunction): void {
    this.allow(fn, ['kms:GenerateDataKey', 'kms:Decrypt']);
  }

  private allow(fn: TidegateFunction, actions: readonly string[]): void {
    fn.addEnvironment('KEY_ARN', this.keyArn);
    fn.allow(actions, this.keyArn);
  }
}
