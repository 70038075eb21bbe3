import type { Count } from '../../run.ts';

/** Does one check: a sentence about behaviour, and the work that throws when it is not so. */
export type Check = (sentence: string, work: () => Promise<void> | void) => Promise<void>;

/** Runs checks one after another, prints each as a sentence with its outcome, and counts them. */
export class Checks {
  #passed = 0;
  #failed = 0;

  get count(): Count {
    return { passed: this.#passed, failed: this.#failed };
  }

  /**
   * Runs the checks of one tool. What is thrown outside of a check, as by a tool that cannot be installed, is one failed
   * check: nothing is skipped in silence.
   */
  async suite(title: string, work: (check: Check) => Promise<void>): Promise<void> {
    process.stdout.write(`\n${title}\n`);
    try {
      await work((sentence, one) => this.#check(sentence, one));
    } catch (error) {
      this.#fail(`${title} can be tried`, error);
    }
  }

  async #check(sentence: string, work: () => Promise<void> | void): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#fail(sentence, error);
      return;
    }
    this.#passed++;
    process.stdout.write(`  passed  ${sentence}\n`);
  }

  #fail(sentence: string, error: unknown): void {
    this.#failed++;
    const reason = error instanceof Error ? error.message : String(error);
    process.stdout.write(`  FAILED  ${sentence}\n${reason.trim().replace(/^/gm, '          ')}\n`);
  }
}
