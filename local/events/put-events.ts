import { type AwsCall, asObject, listAt } from '../aws-call.ts';
import { DEFAULT_BUS, type EventBus } from './bus.ts';

/** Publishes those entries of a PutEvents that the emulator has taken; it refuses sources that belong to AWS, as AWS does. */
export function publishTaken(bus: EventBus, call: AwsCall, answer: Uint8Array): void {
  const outcomes = listAt(asObject(JSON.parse(Buffer.from(answer).toString('utf8'))), 'Entries');
  for (const [at, value] of listAt(call.input ?? {}, 'Entries').entries()) {
    const entry = asObject(value);
    const id = asObject(outcomes[at]).EventId;
    if (typeof id !== 'string') continue;
    bus.publish({
      id,
      bus: String(entry.EventBusName ?? DEFAULT_BUS),
      source: String(entry.Source),
      detailType: String(entry.DetailType),
      detail: asObject(JSON.parse(String(entry.Detail))),
      resources: listAt(entry, 'Resources').map(String),
    });
  }
}
