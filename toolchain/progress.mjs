/** Seconds between two lines of a step that takes long, where there is no terminal to rewrite a line on. */
const plainInterval = 15;

/**
 * What a step that takes long tells meanwhile.
 * @typedef {object} Progress
 * @property {(text: string) => void} say what it does now
 */

/**
 * @param {number} milliseconds
 * @returns {string} "0.4 s", "12 s", "4 min 11 s"
 */
export function duration(milliseconds) {
  const seconds = milliseconds / 1000;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  return whole < 60 ? `${String(whole)} s` : `${String(Math.floor(whole / 60))} min ${String(whole % 60)} s`;
}

/**
 * One line per step. On a terminal the line of the running step is rewritten; elsewhere a plain line follows now and then.
 * @param {{ write: (text: string) => unknown, isTTY?: boolean, columns?: number }} stream
 */
export function reporter(stream) {
  const terminal = stream.isTTY === true;
  const clear = terminal ? "\r\u001b[K" : "";
  return {
    /** @param {string} text */
    line(text) {
      stream.write(`${clear}${text}\n`);
    },

    /**
     * @template T
     * @param {string} name
     * @param {string} first what the step is about to do
     * @param {(progress: Progress) => Promise<T>} work
     * @returns {Promise<T>}
     */
    async during(name, first, work) {
      const started = Date.now();
      let now = first;
      const show = () => {
        const text = `  … ${name}: ${now} (${duration(Date.now() - started)})`;
        stream.write(terminal ? `${clear}${text.slice(0, (stream.columns ?? 80) - 1)}` : `${text}\n`);
      };
      const timer = setInterval(show, terminal ? 250 : plainInterval * 1000);
      if (terminal) show();
      try {
        return await work({
          say(text) {
            now = text;
          },
        });
      } finally {
        clearInterval(timer);
        stream.write(clear);
      }
    },
  };
}
