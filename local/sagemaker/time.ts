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

  /** So many of the service's seconds pass at once. */
  pass(seconds: number): void {
    const [{ speed }] = this.#segments;
    this.#segments = [{ real: this.#realNow(), service: this.now() + seconds * 1000, speed }, ...this.#segments];
  }

  /** The real instant of one of the service's that has passed. */
  toReal(instant: number): number {
    const at = Math.max(
      this.#segments.findIndex(({ service }) => service <= instant),
      0,
    );
    const segment = this.#segments[at] ?? this.#segments[0];
    // What was passed over at once has all happened then.
    const end = this.#segments[at - 1]?.real ?? Number.POSITIVE_INFINITY;
    return Math.min(segment.real + (instant - segment.service) / segment.speed, end);
  }
}
