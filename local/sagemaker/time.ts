interface Segment {
  /** Real time at which the speed was set, and the service's own time then; milliseconds since the epoch. */
  readonly real: number;
  readonly service: number;
  readonly speed: number;
}

/**
 * The service's own time: it begins with the real time and runs faster by a factor, so that a deployment of half an hour
 * takes a test seconds. What callers are shown is translated back: they never see an instant that is yet to come.
 */
export class ServiceTime {
  readonly #realNow: () => number;
  /** The newest first. */
  #segments: readonly [Segment, ...Segment[]];

  /** @param realNow - milliseconds since the epoch. */
  constructor(realNow: () => number) {
    this.#realNow = realNow;
    const real = realNow();
    this.#segments = [{ real, service: real, speed: 1 }];
  }

  now(): number {
    const [{ real, service, speed }] = this.#segments;
    return service + (this.#realNow() - real) * speed;
  }

  /** From now on, so many of the service's seconds pass in a real one. What has passed stays passed. */
  setSpeed(speed: number): void {
    this.#segments = [{ real: this.#realNow(), service: this.now(), speed }, ...this.#segments];
  }

  /** The real instant of one of the service's that has passed. */
  toReal(instant: number): number {
    const segment = this.#segments.find(({ service }) => service <= instant) ?? this.#segments[0];
    return segment.real + (instant - segment.service) / segment.speed;
  }
}
