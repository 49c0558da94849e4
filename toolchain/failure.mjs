/**
 * A step of the set-up that cannot go on: what happened, and what to do by hand.
 */
export class SetUpFailure extends Error {
  /**
   * @param {string} message what failed, with the value found
   * @param {string} [remedy] what to do by hand; the step's own when left out
   * @param {readonly string[]} [output] the last lines of the command that failed
   */
  constructor(message, remedy, output = []) {
    super(message);
    this.name = "SetUpFailure";
    this.remedy = remedy;
    this.output = output;
  }
}
