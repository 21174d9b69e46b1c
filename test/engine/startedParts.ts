/** A part of a bed that runs until it is stopped. */
interface Part {
  stop(): Promise<unknown>;
}

/** The parts of a bed in the order of their start, to be stopped in the opposite order. */
export class StartedParts {
  readonly #parts: Part[] = [];

  add<T extends Part>(part: T): T {
    this.#parts.push(part);
    return part;
  }

  /**
   * Stops every part, whatever fails: what stays would keep the run of the tests from ending.
   *
   * @throws the first failure, after all
   */
  async stop(): Promise<void> {
    const failures: unknown[] = [];
    for (let part = this.#parts.pop(); part; part = this.#parts.pop()) {
      try {
        await part.stop();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) {
      throw failures[0];
    }
  }

  /** Starts parts, and stops those that were started where a later one fails. */
  static async orNone<T>(start: (parts: StartedParts) => Promise<T>): Promise<T> {
    const parts = new StartedParts();
    try {
      return await start(parts);
    } catch (error) {
      // Why the start failed is told; a failure to stop is what follows from it.
      await parts.stop().catch(() => undefined);
      throw error;
    }
  }
}
