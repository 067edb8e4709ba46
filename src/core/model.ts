/** Facts about a loaded model, as its engine reports them. */
export interface ModelInfo {
  /** The name prompts use. */
  readonly name: string;
  readonly file: string;
  /** Device labels that hold it. */
  readonly device: string;
  readonly backend: 'llama';
  readonly description: string;
  readonly parameters: number;
  readonly fileBytes: number;
  readonly contextSize: number;
  readonly trainedContextSize: number;
  readonly workers: number;
  readonly sequencesPerWorker: number;
  readonly threads: number;
  readonly batchSize: number;
  readonly flashAttention: boolean;
  readonly gpu: string;
}
