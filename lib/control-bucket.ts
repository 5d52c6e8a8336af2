import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { BlockPublicAccess, Bucket, BucketEncryption, type CfnBucket } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import type { TidegateFunction } from './tidegate-function.ts';

const DUE_MARKERS = 'due/';
const STATE = 'state/';

// No marker lies further ahead than the longest hold (14 days); a day on which no sweep ran does not matter then.
const MARKER_LIFETIME_DAYS = 30;

/**
 * What must be readable while the database sleeps or is down: due markers (`due/<minute>`, empty) and state.
 *
 * It is kept when the stack goes, as is all state. Versions are not: a marker is written and deleted every minute, and
 * each would leave two versions behind.
 */
export class ControlBucket extends Bucket {
  constructor(scope: Construct, id: string) {
    super(scope, id, {
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      encryption: BucketEncryption.S3_MANAGED,
      enforceSSL: true,
      versioned: false,
      removalPolicy: RemovalPolicy.RETAIN,
      lifecycleRules: [
        { id: 'ForgetDueMarkers', prefix: DUE_MARKERS, expiration: Duration.days(MARKER_LIFETIME_DAYS) },
      ],
    });
    (this.node.defaultChild as CfnBucket).overrideLogicalId(id);
  }

  /** Lets a function leave a marker for the sweeper. */
  grantMark(fn: TidegateFunction): void {
    this.allow(fn, ['s3:PutObject'], DUE_MARKERS);
  }

  /** Lets the sweeper find markers and clear them. Only names are listed, and only those of markers. */
  grantSweep(fn: TidegateFunction): void {
    this.allow(fn, ['s3:DeleteObject'], DUE_MARKERS);
    fn.allowIf({ StringLike: { 's3:prefix': `${DUE_MARKERS}*` } }, ['s3:ListBucket'], this.bucketArn);
  }

  /** Lets the migration publish what schema it left behind. */
  grantWriteState(fn: TidegateFunction): void {
    this.allow(fn, ['s3:PutObject'], STATE);
  }

  grantReadState(fn: TidegateFunction): void {
    this.allow(fn, ['s3:GetObject'], STATE);
  }

  private allow(fn: TidegateFunction, actions: readonly string[], prefix: string): void {
    fn.addEnvironment('CONTROL_BUCKET', this.bucketName);
    fn.allow(actions, this.arnForObjects(`${prefix}*`));
  }
}
