import { describe, expect, it } from '@jest/globals';
import { settingsSchema } from '../../lambdas/domain/configuration/settings.ts';
import { synthesizedStack } from './synthesized-stack.ts';
import { variablesOf } from './template-view.ts';

/** What follows the context; what holds whatever it says stands in `checks/`. */

describe('the API', () => {
  it('lets the named origins in, and none when there are none', () => {
    const stack = synthesizedStack({ corsOrigins: 'https://console.example.com' });
    expect(stack.resource('Api').Properties.CorsConfiguration).toMatchObject({
      AllowOrigins: ['https://console.example.com'],
    });
    expect(synthesizedStack().resource('Api').Properties).not.toHaveProperty('CorsConfiguration');
  });
});

describe('the schedules', () => {
  it.each([
    ['2', 'rate(1 minute)', 2],
    ['60', 'rate(1 minute)', 60],
    ['61', 'rate(2 minutes)', 61],
    ['3600', 'rate(1 hour)', 3600],
  ])('sweep every %s s by %s, with the exact period for one machine', (sweepSeconds, rate, exact) => {
    const schedule = synthesizedStack({ sweepSeconds }).resource('SweepSchedule');
    expect(schedule.Properties.ScheduleExpression).toBe(rate);
    expect(schedule.Metadata?.['tidegate:everySeconds']).toBe(exact);
  });
});

describe('the settings', () => {
  it('reach every function as its own schema reads them', () => {
    const configured = synthesizedStack({ retryScheduleSeconds: '1,1,2', inFlightLimit: '500', stage: 'trial' });
    for (const id of ['Publish', 'Deliver', 'Daily']) {
      const { SETTINGS } = variablesOf(configured, id);
      expect(settingsSchema.parse(JSON.parse(String(SETTINGS)))).toMatchObject({
        stage: 'trial',
        retryScheduleSeconds: [1, 1, 2],
        inFlightLimit: 500,
      });
    }
  });

  it('set how many batches run at once, and how far the database grows', () => {
    const wide = synthesizedStack({
      fanOutMaxConcurrency: '3',
      deliveriesMaxConcurrency: '400',
      retriesMaxConcurrency: '5',
      databaseMaxCapacity: '16.5',
    });
    const concurrencyOf = (id: string) => wide.resource(id).Properties.ScalingConfig;
    expect(concurrencyOf('EventsMapping')).toEqual({ MaximumConcurrency: 3 });
    expect(concurrencyOf('DeliveriesMapping')).toEqual({ MaximumConcurrency: 400 });
    expect(concurrencyOf('RetriesMapping')).toEqual({ MaximumConcurrency: 5 });
    expect(wide.resource('DatabaseCluster').Properties.ServerlessV2ScalingConfiguration).toMatchObject({
      MaxCapacity: 16.5,
    });
  });
});
