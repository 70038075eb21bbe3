import { describe, expect, it } from 'vitest';
import type { Endpoints, Lease } from '../../lib/app/promotion/ports.ts';

const lease = (promotion: string, changes: Partial<Lease> = {}): Lease => ({
  endpoint: 'credit',
  promotion,
  until: '2026-01-02T00:00:00.000Z',
  revision: 1,
  ...changes,
});

/** What all {@link Endpoints} promise. */
export function endpointsContract(open: () => Promise<Endpoints>): void {
  describe('the endpoints', () => {
    it('are taken once, and from the lease that was read', async () => {
      const endpoints = await open();
      expect(await endpoints.take(lease('one'), undefined)).toBe(true);
      expect(await endpoints.take(lease('two'), undefined)).toBe(false);
      expect(await endpoints.take(lease('two', { revision: 2 }), lease('one'))).toBe(true);
      expect((await endpoints.find('credit')).lease).toEqual(lease('two', { revision: 2 }));
    });

    it('are not taken from another who took them meanwhile, though the lease counts from 1 again', async () => {
      const endpoints = await open();
      await endpoints.take(lease('one'), undefined);
      await endpoints.giveBack('credit', 'one');
      await endpoints.take(lease('two'), undefined);
      expect(await endpoints.take(lease('three', { revision: 2 }), lease('one'))).toBe(false);
      expect((await endpoints.find('credit')).lease?.promotion).toBe('two');
    });

    it('are one to SageMaker, in whatever letters they are written', async () => {
      const endpoints = await open();
      await endpoints.take(lease('one'), undefined);
      expect(await endpoints.take(lease('two', { endpoint: 'CREDIT' }), undefined)).toBe(false);
      const waiting = { promotion: 'two', kind: 'promotion' as const, requested_at: '', until: '', token: null };
      await endpoints.enqueue('CREDIT', waiting);
      expect(await endpoints.find('Credit')).toEqual({ lease: lease('one'), waiting: [waiting] });
    });

    it('are kept for longer, never for less long, and by whose they are', async () => {
      const endpoints = await open();
      await endpoints.take(lease('one'), undefined);
      expect(await endpoints.renew('credit', 'one', '2026-01-03T00:00:00.000Z')).toBe(true);
      expect(await endpoints.renew('credit', 'one', '2026-01-01T00:00:00.000Z')).toBe(true);
      expect(await endpoints.renew('credit', 'two', '2026-01-04T00:00:00.000Z')).toBe(false);
      expect((await endpoints.find('credit')).lease?.until).toBe('2026-01-03T00:00:00.000Z');
      await endpoints.giveBack('credit', 'two');
      await endpoints.giveBack('credit', 'one');
      expect(await endpoints.renew('credit', 'one', '2026-01-03T00:00:00.000Z')).toBe(false);
    });

    it('have those who wait in the order of their requests, each once', async () => {
      const endpoints = await open();
      const waiting = (promotion: string, at: string, token: string | null = null) => ({
        promotion,
        kind: 'promotion' as const,
        requested_at: at,
        until: '2026-01-02T00:00:00.000Z',
        token,
      });
      const [first, later] = [waiting('a', '2026-01-01T00:00:00.000Z'), waiting('b', '2026-01-01T00:00:01.000Z')];
      await endpoints.enqueue('credit', later);
      await endpoints.enqueue('credit', first);
      await endpoints.enqueue('credit', { ...first, token: 'sealed' });
      expect((await endpoints.find('credit')).waiting).toEqual([{ ...first, token: 'sealed' }, later]);
      await endpoints.dequeue('credit', first);
      expect(await endpoints.find('credit')).toEqual({ lease: undefined, waiting: [later] });
    });
  });
}
