import { describe, expect, it } from '@jest/globals';
import {
  DELIVERY_STATUS_WORDS,
  DELIVERY_STATUSES,
  isDeliveryStatus,
  isTerminal,
  OPEN_STATUSES,
  statusFromWord,
  statusWord,
  TERMINAL_STATUSES,
} from '../../lambdas/domain/delivery-status/delivery-status.ts';
import { canRestart, canTransition, TRANSITIONS } from '../../lambdas/domain/delivery-status/transitions.ts';

const causes = ['attempt', 'callback', 'hold', 'release', 'timeout', 'deletion', 'byHand'] as const;

describe('delivery status', () => {
  it('is either open or terminal', () => {
    expect([...OPEN_STATUSES, ...TERMINAL_STATUSES].sort()).toEqual([...DELIVERY_STATUSES].sort());
    for (const status of DELIVERY_STATUSES) {
      expect(isTerminal(status)).toBe(!(OPEN_STATUSES as readonly string[]).includes(status));
    }
  });

  it('is the same word in lower case outside', () => {
    expect(DELIVERY_STATUSES.map(statusWord)).toEqual(DELIVERY_STATUSES.map((status) => status.toLowerCase()));
    expect(DELIVERY_STATUSES.map(statusWord)).toEqual(DELIVERY_STATUS_WORDS);
    expect(DELIVERY_STATUS_WORDS.map(statusFromWord)).toEqual(DELIVERY_STATUSES);
    expect(statusFromWord('PENDING')).toBeUndefined();
    expect(statusFromWord('constructor')).toBeUndefined();
    expect(isDeliveryStatus('HELD')).toBe(true);
    expect(isDeliveryStatus('held')).toBe(false);
  });
});

describe('transitions', () => {
  it.each([
    ['attempt', 'PENDING', 'DELIVERED'],
    ['attempt', 'PENDING', 'IN_PROGRESS'],
    ['attempt', 'PENDING', 'FAILED_RETRY'],
    ['attempt', 'FAILED_RETRY', 'FAILED_RETRY'],
    ['attempt', 'FAILED_RETRY', 'DEAD_LETTER'],
    ['callback', 'FAILED_RETRY', 'IN_PROGRESS'],
    ['callback', 'IN_PROGRESS', 'DELIVERED'],
    ['callback', 'PENDING', 'FAILED'],
    ['hold', 'PENDING', 'HELD'],
    ['release', 'HELD', 'PENDING'],
    ['timeout', 'IN_PROGRESS', 'FAILED'],
    ['deletion', 'HELD', 'CANCELLED'],
    ['byHand', 'DEAD_LETTER', 'PENDING'],
  ] as const)('%s takes %s to %s', (cause, from, to) => expect(canTransition(cause, from, to)).toBe(true));

  it.each([
    ['attempt', 'IN_PROGRESS', 'FAILED_RETRY'],
    ['attempt', 'IN_PROGRESS', 'DELIVERED'],
    ['attempt', 'HELD', 'DELIVERED'],
    ['callback', 'DELIVERED', 'FAILED'],
    ['hold', 'IN_PROGRESS', 'HELD'],
    ['release', 'PENDING', 'PENDING'],
    ['byHand', 'CANCELLED', 'PENDING'],
    ['byHand', 'HELD', 'PENDING'],
  ] as const)('%s does not take %s to %s', (cause, from, to) => expect(canTransition(cause, from, to)).toBe(false));

  it('leave a terminal status by hand alone, and reach PENDING by hand or release alone', () => {
    for (const cause of causes) {
      for (const from of DELIVERY_STATUSES) {
        for (const to of TRANSITIONS[cause][from] ?? []) {
          expect(isTerminal(from)).toBe(cause === 'byHand');
          expect(to === 'PENDING').toBe(cause === 'byHand' || cause === 'release');
        }
      }
    }
  });

  it('let every open delivery be cancelled, called back and timed out', () => {
    for (const from of OPEN_STATUSES) {
      expect(canTransition('deletion', from, 'CANCELLED')).toBe(true);
      expect(canTransition('callback', from, 'DELIVERED')).toBe(true);
      expect(canTransition('timeout', from, 'FAILED')).toBe(true);
    }
  });

  it('restart what ended, but not what was cancelled', () => {
    expect(DELIVERY_STATUSES.filter(canRestart)).toEqual(['DELIVERED', 'FAILED', 'DEAD_LETTER']);
  });
});
