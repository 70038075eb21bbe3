import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { HttpResponse } from '@smithy/protocol-http';
import { describe, expect, it } from 'vitest';
import { eventBridgeAnnouncer } from '../../../lib/adapters/eventbridge/announcer.ts';
import type { CloudEvent } from '../../../lib/core/waiver-ending.ts';
import { NOW } from '../../support/manifests.ts';

interface Sent {
  readonly EventBusName: string;
  readonly Source: string;
  readonly DetailType: string;
  readonly Detail: string;
}

/** A bus that refuses some events, each so often. */
function bus(refusals: Readonly<Record<string, number>> = {}) {
  const left = new Map(Object.entries(refusals));
  const batches: (readonly string[])[] = [];
  const taken: Sent[] = [];
  const take = (entry: Sent) => {
    const { id } = JSON.parse(entry.Detail);
    const more = left.get(id) ?? 0;
    left.set(id, more - 1);
    if (more > 0) return { ErrorCode: 'ThrottlingException', ErrorMessage: 'too many' };
    taken.push(entry);
    return { EventId: `event-${id}` };
  };
  const client = new EventBridgeClient({
    region: 'eu-west-1',
    endpoint: 'http://localhost',
    credentials: { accessKeyId: 'x', secretAccessKey: 'x' },
    maxAttempts: 1,
    requestHandler: {
      handle: async ({ body: sent }: { readonly body: string }) => {
        const entries: Sent[] = JSON.parse(Buffer.from(sent).toString()).Entries;
        batches.push(entries.map(({ Detail }) => JSON.parse(Detail).id));
        const outcomes = entries.map(take);
        const FailedEntryCount = outcomes.filter((outcome) => 'ErrorCode' in outcome).length;
        const body = Buffer.from(JSON.stringify({ FailedEntryCount, Entries: outcomes }));
        const headers = { 'content-type': 'application/x-amz-json-1.1' };
        return { response: new HttpResponse({ statusCode: 200, headers, body }) };
      },
    },
  });
  const pauses: number[] = [];
  const announcer = eventBridgeAnnouncer(client, 'countersign-test', async (pause) => void pauses.push(pause));
  return { announcer, batches, taken, pauses };
}

const anEvent = (id: string): CloudEvent => ({
  specversion: '1.0',
  id,
  source: 'urn:countersign:test',
  type: 'dev.countersign.waiver.ending.v1',
  subject: id,
  time: NOW,
  datacontenttype: 'application/json',
  data: {},
});

describe('announcements', () => {
  it('are put ten at a time, the whole CloudEvent as the detail', async () => {
    const { announcer, batches, taken } = bus();
    const events = Array.from({ length: 23 }, (_, number) => anEvent(`e${number}`));
    await announcer.announce(events);
    expect(batches.map(({ length }) => length)).toEqual([10, 10, 3]);
    expect(taken.map(({ Detail }) => JSON.parse(Detail))).toEqual(events);
    expect(taken[0]).toMatchObject({
      EventBusName: 'countersign-test',
      Source: 'countersign',
      DetailType: 'dev.countersign.waiver.ending.v1',
    });
  });

  it('that were not taken are put again, and only those', async () => {
    const { announcer, batches, taken, pauses } = bus({ b: 2 });
    await announcer.announce(['a', 'b', 'c'].map(anEvent));
    expect(batches).toEqual([['a', 'b', 'c'], ['b'], ['b']]);
    expect(taken).toHaveLength(3);
    expect(pauses).toHaveLength(2);
  });

  it('that are never taken are no success', async () => {
    const { announcer, pauses } = bus({ b: 100 });
    await expect(announcer.announce(['a', 'b'].map(anEvent))).rejects.toThrow('does not take 1 of 2 events');
    expect(pauses.reduce((sum, pause) => sum + pause)).toBe(7000);
  });

  it('are none where there are none', async () => {
    const { announcer, batches } = bus();
    await announcer.announce([]);
    expect(batches).toEqual([]);
  });
});
