/** What a model makes: only text can be run. */
export type Modality = 'text' | 'image';

/** A model that the network has a short name for. */
export interface ShortName {
  /** The model that the name stands for, `owner/name`. */
  readonly source: string;
  /** A repository with GGUF weights of it; undefined where none is known. */
  readonly gguf: string | undefined;
  /** Stands in the path of the file that is meant, where the repository holds several models. */
  readonly file: string | undefined;
  /** A repository with ONNX weights of it; undefined where none is known. */
  readonly onnx: string | undefined;
  readonly modality: Modality;
}

type Weights = { readonly gguf?: string; readonly file?: string; readonly onnx?: string };

function text(source: string, { gguf, file, onnx }: Weights = {}): ShortName {
  return { source, gguf, file, onnx, modality: 'text' };
}

function image(source: string): ShortName {
  return { source, gguf: undefined, file: undefined, onnx: undefined, modality: 'image' };
}

function mamba(size: string): ShortName {
  return text(`state-spaces/mamba-${size}`, { gguf: 'devingulliver/mamba-gguf', file: `mamba-${size}` });
}

const LLAMA_2 = text('meta-llama/Llama-2-7b-hf', { gguf: 'TheBloke/Llama-2-7B-GGUF' });
const LLAMA_3 = text('meta-llama/Meta-Llama-3-8B', { gguf: 'QuantFactory/Meta-Llama-3-8B-GGUF' });
const MISTRAL = text('mistralai/Mistral-7B-v0.1', { gguf: 'TheBloke/Mistral-7B-v0.1-GGUF' });
const MISTRAL_INSTRUCT = text('mistralai/Mistral-7B-Instruct-v0.1', {
  gguf: 'TheBloke/Mistral-7B-Instruct-v0.1-GGUF',
});
const MISTRAL_INSTRUCT_2 = text('mistralai/Mistral-7B-Instruct-v0.2', {
  gguf: 'TheBloke/Mistral-7B-Instruct-v0.2-GGUF',
});
const MIXTRAL = text('mistralai/Mixtral-8x7B-v0.1', { gguf: 'TheBloke/Mixtral-8x7B-v0.1-GGUF' });
const MIXTRAL_INSTRUCT = text('mistralai/Mixtral-8x7B-Instruct-v0.1', {
  gguf: 'TheBloke/Mixtral-8x7B-Instruct-v0.1-GGUF',
});

/**
 * The network's short names. A base model of which only instruction-tuned GGUFs are known has none: a node
 * answers with the model that was asked for, or not at all.
 */
export const SHORT_NAMES: Readonly<Record<string, ShortName>> = {
  falcon_7b: text('tiiuae/falcon-7b', { gguf: 'maddes8cht/tiiuae-falcon-7b-gguf' }),
  falcon_40b: text('tiiuae/falcon-40b', { gguf: 'maddes8cht/tiiuae-falcon-40b-gguf' }),
  falcon_180b: text('tiiuae/falcon-180b', { gguf: 'TheBloke/Falcon-180B-GGUF' }),
  llama_v1: text('Narsil/amall-7b', { gguf: 'TheBloke/LLaMa-7B-GGUF' }),
  llama_v2: LLAMA_2,
  llama_solar_10_7b: text('upstage/SOLAR-10.7B-v1.0', { gguf: 'TheBloke/SOLAR-10.7B-v1.0-GGUF' }),
  llama_tiny_llama_1_1b_chat: text('TinyLlama/TinyLlama-1.1B-Chat-v1.0', {
    gguf: 'TheBloke/TinyLlama-1.1B-Chat-v1.0-GGUF',
    onnx: 'Xenova/TinyLlama-1.1B-Chat-v1.0',
  }),
  llama3_8b: LLAMA_3,
  llama3_instruct_8b: text('meta-llama/Meta-Llama-3-8B-Instruct', {
    gguf: 'QuantFactory/Meta-Llama-3-8B-Instruct-GGUF',
  }),
  llama3_70b: text('meta-llama/Meta-Llama-3-70B'),
  llama31_8b: text('meta-llama/Meta-Llama-3.1-8B', { gguf: 'QuantFactory/Meta-Llama-3.1-8B-GGUF' }),
  llama31_instruct8b: text('meta-llama/Meta-Llama-3.1-8B-Instruct', {
    gguf: 'bartowski/Meta-Llama-3.1-8B-Instruct-GGUF',
  }),
  llama31_70b: text('meta-llama/Meta-Llama-3.1-70B'),
  llama31_instruct70b: text('meta-llama/Meta-Llama-3.1-70B-Instruct', {
    gguf: 'bartowski/Meta-Llama-3.1-70B-Instruct-GGUF',
  }),
  llama31_405b: text('meta-llama/Meta-Llama-3.1-405B'),
  llama31_instruct405b: text('meta-llama/Meta-Llama-3.1-405B-Instruct'),
  mamba_130m: mamba('130m'),
  mamba_370m: mamba('370m'),
  mamba_790m: mamba('790m'),
  'mamba_1-4b': mamba('1.4b'),
  'mamba_2-8b': mamba('2.8b'),
  mistral_7bv01: MISTRAL,
  mistral_7bv02: text('mistralai/Mistral-7B-v0.2'),
  'mistral_7b-instruct-v01': MISTRAL_INSTRUCT,
  'mistral_7b-instruct-v02': MISTRAL_INSTRUCT_2,
  mixtral_8x7b: MIXTRAL,
  'mixtral_8x7b-v01': MIXTRAL,
  'mixtral_8x7b-instruct-v01': MIXTRAL_INSTRUCT,
  'mixtral_8x22b-v01': text('mistralai/Mixtral-8x22B-v0.1', {
    gguf: 'MaziyarPanahi/Mixtral-8x22B-v0.1-GGUF',
  }),
  'mixtral_8x22b-instruct-v01': text('mistralai/Mixtral-8x22B-Instruct-v0.1', {
    gguf: 'MaziyarPanahi/Mixtral-8x22B-Instruct-v0.1-GGUF',
  }),
  'phi_3-mini': text('microsoft/Phi-3-mini-4k-instruct', {
    gguf: 'microsoft/Phi-3-mini-4k-instruct-gguf',
    onnx: 'Xenova/Phi-3-mini-4k-instruct',
  }),
  'qwen_w0.5b': text('Qwen/Qwen1.5-0.5B'),
  'qwen_w1.8b': text('Qwen/Qwen1.5-1.8B'),
  qwen_w4b: text('Qwen/Qwen1.5-4B'),
  qwen_w7b: text('Qwen/Qwen1.5-7B'),
  qwen_w14b: text('Qwen/Qwen1.5-14B'),
  qwen_w72b: text('Qwen/Qwen1.5-72B'),
  'qwen_moe_a2.7b': text('Qwen/Qwen1.5-MoE-A2.7B'),
  quantized_7b: LLAMA_2,
  quantized_13b: text('meta-llama/Llama-2-13b-hf', { gguf: 'TheBloke/Llama-2-13B-GGUF' }),
  quantized_70b: text('meta-llama/Llama-2-70b-hf', { gguf: 'TheBloke/Llama-2-70B-GGUF' }),
  'quantized_7b-chat': text('meta-llama/Llama-2-7b-chat-hf', { gguf: 'TheBloke/Llama-2-7B-Chat-GGUF' }),
  'quantized_13b-chat': text('meta-llama/Llama-2-13b-chat-hf', { gguf: 'TheBloke/Llama-2-13B-chat-GGUF' }),
  'quantized_70b-chat': text('meta-llama/Llama-2-70b-chat-hf', { gguf: 'TheBloke/Llama-2-70B-Chat-GGUF' }),
  'quantized_7b-code': text('codellama/CodeLlama-7b-hf', { gguf: 'TheBloke/CodeLlama-7B-GGUF' }),
  'quantized_13b-code': text('codellama/CodeLlama-13b-hf', { gguf: 'TheBloke/CodeLlama-13B-GGUF' }),
  'quantized_32b-code': text('codellama/CodeLlama-34b-hf', { gguf: 'TheBloke/CodeLlama-34B-GGUF' }),
  'quantized_7b-leo': text('LeoLM/leo-hessianai-7b', { gguf: 'TheBloke/leo-hessianai-7B-GGUF' }),
  'quantized_13b-leo': text('LeoLM/leo-hessianai-13b', { gguf: 'TheBloke/leo-hessianai-13B-GGUF' }),
  'quantized_7b-mistral': MISTRAL,
  'quantized_7b-mistral-instruct': MISTRAL_INSTRUCT,
  'quantized_7b-mistral-instruct-v0.2': MISTRAL_INSTRUCT_2,
  'quantized_7b-zephyr-a': text('HuggingFaceH4/zephyr-7b-alpha', { gguf: 'TheBloke/zephyr-7B-alpha-GGUF' }),
  'quantized_7b-zephyr-b': text('HuggingFaceH4/zephyr-7b-beta', { gguf: 'TheBloke/zephyr-7B-beta-GGUF' }),
  'quantized_7b-open-chat-3.5': text('openchat/openchat_3.5', { gguf: 'TheBloke/openchat_3.5-GGUF' }),
  'quantized_7b-starling-a': text('berkeley-nest/Starling-LM-7B-alpha', {
    gguf: 'TheBloke/Starling-LM-7B-alpha-GGUF',
  }),
  quantized_mixtral: MIXTRAL,
  'quantized_mixtral-instruct': MIXTRAL_INSTRUCT,
  'quantized_llama3-8b': LLAMA_3,
  'stable_diffusion_v1-5': image('runwayml/stable-diffusion-v1-5'),
  'stable_diffusion_v2-1': image('stabilityai/stable-diffusion-2-1'),
  stable_diffusion_xl: image('stabilityai/stable-diffusion-xl-base-1.0'),
  stable_diffusion_turbo: image('stabilityai/sdxl-turbo'),
};
