/** A model as the configuration names it. */
export interface ModelReference {
  /** What prompts call it. */
  readonly name: string;
  /** A short name of the network, `owner/name` or `owner/name:file` of a hub, or an absolute path. */
  readonly modelType: string;
  /** `q8_0`, `f16`, …: chooses among the files that there are, without regard to case. */
  readonly precision: string;
  /** Branch, tag or commit of a hub's repository. */
  readonly revision: string;
}
