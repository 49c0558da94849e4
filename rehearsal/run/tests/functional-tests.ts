/** Tests of the project's that are run by one command; `config/settings.ts` documents each value. */
export interface TestSuite {
  readonly id: string;
  readonly command: readonly string[];
  readonly timeoutSeconds: number;
  /** The environment's own, or one that is built from the declaration and thrown away. */
  readonly database: "environment" | "fresh";
}

/** The project's tests that are written against a URL, and what they are run with. */
export interface FunctionalTests {
  readonly suites: readonly TestSuite[];
  /** Variable with the URL of the environment. */
  readonly baseUrlVariable: string;
  /** Of an image on top of the release's; `none` where that one has the tests. */
  readonly dockerfile: string;
  /** What the release's images are built on: the tests' may begin there, with layers that outlive a release. */
  readonly baseImage: string;
  readonly memoryBytes: number;
  /** Short name of the project; names the image. */
  readonly project: string;
  /** The ETL worker's URL of the database; undefined where there is none. */
  readonly etlUrl: string | undefined;
}
