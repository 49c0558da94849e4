/** How many requests are sent; `config/settings.ts` documents each value. */
export interface LoadOptions {
  readonly seconds: number;
  readonly connections: number;
  readonly requestsPerSecond: number;
  /** How many times slower than in the release before something may be. */
  readonly slower: number;
  /** How long the services may take to converge. */
  readonly rolloutSeconds: number;
  /** What production's settings say; undefined where they cannot be read. */
  readonly production?: ProductionLimits;
}

/** Limits that a release meets in production. */
export interface ProductionLimits {
  readonly tasks: number;
  /** Of one task of each service, by `app`, `etl`, `static` and `gateway`. */
  readonly memoryBytes: Readonly<Record<string, number>>;
  /** That the server takes; undefined where it is somebody else's. */
  readonly connections?: number;
}
