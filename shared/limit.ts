/** So many requests in any period of this length: what a service allows. */
export interface Limit {
  readonly requests: number;
  readonly periodMs: number;
}
