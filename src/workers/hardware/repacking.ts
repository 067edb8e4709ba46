import { GgmlType, type Llama } from 'node-llama-cpp';

/**
 * ggml's CPU backend lays some types of weights out anew for the instructions of some processors. The new layout
 * is memory of its own, in each worker, although the file is mapped: `AMX model buffer` and
 * `CPU_REPACK model buffer` in llama.cpp's log.
 * (qtype_has_amx_kernels in ggml/src/ggml-cpu/amx, ggml_repack_get_optimal_repack_type in repack.cpp;
 * https://github.com/ggml-org/llama.cpp/issues/16761)
 */
const FOR_AMX: readonly GgmlType[] = [
  GgmlType.F16,
  GgmlType.Q4_0,
  GgmlType.Q4_1,
  GgmlType.Q8_0,
  GgmlType.Q4_K,
  GgmlType.Q5_K,
  GgmlType.Q6_K,
  GgmlType.IQ4_XS,
];
const FOR_AVX2: readonly GgmlType[] = [
  GgmlType.Q4_0,
  GgmlType.Q2_K,
  GgmlType.Q4_K,
  GgmlType.IQ4_NL,
  GgmlType.MXFP4,
];
const FOR_NEON: readonly GgmlType[] = [...FOR_AVX2, GgmlType.Q8_0, GgmlType.Q5_K, GgmlType.Q6_K];
/** A 32-bit sum for each block of 32 8-bit weights and their 16-bit scale. */
const Q8_0_GROWTH_FOR_AMX = 38 / 34;

/**
 * How many times as large weights become in the copy that each worker gets.
 * @param type of most of them
 * @returns undefined where there is no copy: the mapped file is used as it is
 */
export function growthOf(type: GgmlType | undefined, { systemInfo }: Llama): number | undefined {
  if (type === undefined) return undefined;
  const has = (feature: string): boolean => systemInfo.includes(`${feature} = 1`);
  if (has('AMX_INT8') && FOR_AMX.includes(type)) return type === GgmlType.Q8_0 ? Q8_0_GROWTH_FOR_AMX : 1;
  if (!has('REPACK')) return undefined;
  const repacked = (has('NEON') && FOR_NEON.includes(type)) || (has('AVX2') && FOR_AVX2.includes(type));
  return repacked ? 1 : undefined;
}
