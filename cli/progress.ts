import cliProgress from 'cli-progress';

export interface Progress {
  /** So much more is done. */
  readonly add: (amount: number) => void;
  /** So much is done in all. */
  readonly update: (done: number) => void;
  readonly stop: () => void;
}

const NO_PROGRESS: Progress = { add: () => {}, update: () => {}, stop: () => {} };

/** Work that is over sooner shows no bar. */
const WORTH_A_BAR_BYTES = 32 * 1024 * 1024;

const MIB = 1024 * 1024;

/**
 * Progress on stderr; nothing where stderr is not a terminal, such as in CI.
 *
 * @param totalBytes - shows a bar of bytes; left out, a count of things
 */
export function progressBar(label: string, totalBytes?: number): Progress {
  if (!process.stderr.isTTY || (totalBytes !== undefined && totalBytes < WORTH_A_BAR_BYTES)) return NO_PROGRESS;
  const unit = totalBytes === undefined ? 1 : MIB;
  const format = totalBytes === undefined ? `${label}: {value}` : `${label} [{bar}] {percentage}% of {total} MiB`;
  const bar = new cliProgress.SingleBar(
    { format, hideCursor: true, stream: process.stderr },
    cliProgress.Presets.shades_classic,
  );
  bar.start(Math.round((totalBytes ?? 0) / unit), 0);
  let done = 0;
  const update = (amount: number) => {
    done = amount;
    bar.update(Math.round(done / unit));
  };
  return { update, add: (amount) => update(done + amount), stop: () => bar.stop() };
}
