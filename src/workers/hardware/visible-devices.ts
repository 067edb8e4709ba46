/**
 * The environment variables by which a process is shown some GPUs alone. They are read once, when the driver
 * is first used, and so have to be there before a process starts.
 *
 * CUDA takes indices or UUIDs, abbreviated ones too; set but empty, it shows no GPU. Indices count in the
 * order that CUDA_DEVICE_ORDER sets: by speed unless it is PCI_BUS_ID, which is nvidia-smi's order.
 * (https://docs.nvidia.com/cuda/cuda-programming-guide/05-appendices/environment-variables.html)
 *
 * ggml-vulkan takes indices among all of Vulkan's physical devices, those included that it would not choose by
 * itself; set but empty, it shows none; an index that is too large ends the process.
 * (ggml_vk_instance_init in llama.cpp's ggml/src/ggml-vulkan/ggml-vulkan.cpp)
 */
export const HIDDEN = showing(undefined, undefined);

/**
 * @param cuda UUID or index, undefined for none
 * @param vulkan index, undefined for none
 */
export function showing(
  cuda: string | number | undefined,
  vulkan: number | undefined,
): Readonly<Record<string, string>> {
  return {
    CUDA_DEVICE_ORDER: 'PCI_BUS_ID',
    CUDA_VISIBLE_DEVICES: String(cuda ?? ''),
    GGML_VK_VISIBLE_DEVICES: String(vulkan ?? ''),
  };
}

/** The environment in which every GPU shows, whatever the node's own was made to see. */
export function showingAll(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { CUDA_VISIBLE_DEVICES: _cuda, GGML_VK_VISIBLE_DEVICES: _vulkan, ...others } = env;
  return { ...others, CUDA_DEVICE_ORDER: 'PCI_BUS_ID' };
}
