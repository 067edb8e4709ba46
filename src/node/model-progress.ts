import { formatBytes } from '../core/index.js';
import type { DownloadProgress } from '../models/index.js';

/** How far a model is on its way to a device. */
export type ModelProgress =
  | ({ readonly stage: 'download'; readonly model: string } & DownloadProgress)
  | {
      readonly stage: 'load';
      readonly model: string;
      readonly device: string;
      /** Of the weights, 0 to 1. */
      readonly fraction: number;
    };

/** Why the model is not served yet: `model x is being downloaded: 34 % of 4.7 GB, 12 MB/s`. */
export function describeProgress(progress: ModelProgress): string {
  const { model } = progress;
  if (progress.stage === 'load') {
    return `model ${model} is being loaded on ${progress.device}: ${percent(progress.fraction)}`;
  }
  const { doneBytes, totalBytes, bytesPerSecond } = progress;
  // Before the hub has said how large the files are.
  if (totalBytes === 0) return `model ${model} is being downloaded`;
  const rate = bytesPerSecond > 0 ? `, ${formatBytes(bytesPerSecond)}/s` : '';
  return `model ${model} is being downloaded: ${percent(doneBytes / totalBytes)} of ${formatBytes(totalBytes)}${rate}`;
}

function percent(fraction: number): string {
  return `${Math.floor(fraction * 100)} %`;
}
