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
  const rate = bytesPerSecond > 0 ? `, ${decimalBytes(bytesPerSecond)}/s` : '';
  return `model ${model} is being downloaded: ${percent(doneBytes / totalBytes)} of ${decimalBytes(totalBytes)}${rate}`;
}

function percent(fraction: number): string {
  return `${Math.floor(fraction * 100)} %`;
}

/** As hubs and disks count: 4.7 GB are 4 700 000 000 bytes. */
function decimalBytes(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB'];
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  const value = bytes / 1000 ** power;
  return `${power === 0 || value >= 10 ? Math.round(value) : value.toFixed(1)} ${units[power]}`;
}
