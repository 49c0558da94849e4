/** Project of the environments that faults are applied to. */
export const PROJECT = "faulty";
/** Label-like prefix of every image and container of the faults on clones. */
export const PREFIX = "faults";

/**
 * The stack of an environment.
 *
 * @param number from 1, one for each file that is run at a time
 */
export function stackOf(number: number): string {
  return `staged-${number}`;
}
